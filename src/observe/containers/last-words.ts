// The last words of a process: from its log below /var/log/pods, and from the kubelet's journal for what never had a log.

/** The end of a container's newest log. */
export interface ContainerLog {
  /** The attempt that wrote it: the number in the file's name. */
  readonly attempt: number;
  /** Its last 4,000 bytes in the CRI log format: time, stream, F or P, text. */
  readonly text: string;
}

/** Why the kubelet could not make or start a container. */
export interface KubeletComplaint {
  readonly pod: string;
  /** Undefined when it concerns the pod as a whole: a volume that cannot be mounted. */
  readonly container: string | undefined;
  readonly reason: string;
  readonly message: string;
}

/** A complaint older than this is not told, seconds: the kubelet tries a mount again after two minutes at the latest. */
const complaintAgeMax = 150;

/** The line of a log that says why the process ended: its last error, else its last line; undefined for an empty log. */
export function lastWords(log: string): string | undefined {
  const lines = log.split("\n").flatMap((line) => {
    const match = /^\S+ (?:stdout|stderr) [FP] (.*)$/.exec(line);
    return match?.[1] === undefined || match[1].trim() === "" ? [] : [match[1]];
  });
  const isError = (line: string) =>
    /^[EF]\d{4} |"level":"(error|fatal|panic)"|^(panic|fatal error|error): |"command failed"/i.test(line);
  return lines.findLast(isError) ?? lines.at(-1);
}

/** What the kubelet complained of, newest first, from `journalctl -o short-unix -r`. */
export function parseJournal(text: string, nowSeconds: number): readonly KubeletComplaint[] {
  return text.split("\n").flatMap((line) => {
    const at = Number(line.slice(0, line.indexOf(" ")));
    if (!Number.isFinite(at) || at < nowSeconds - complaintAgeMax) return [];
    const complaint = startComplaint(line) ?? mountComplaint(line);
    return complaint === undefined ? [] : [complaint];
  });
}

// `... err="failed to \"StartContainer\" for \"NAME\" with REASON: \"MESSAGE\"" pod="NAMESPACE/POD"`, quoted by Go twice.
function startComplaint(line: string): KubeletComplaint | undefined {
  const error = unquote(/ err=("(?:[^"\\]|\\.)*")/.exec(line)?.[1]);
  const pod = / pod="[^"/]*\/([^"]+)"/.exec(line)?.[1];
  const match = /failed to "StartContainer" for "([^"]+)" with (\w+): ("(?:[^"\\]|\\.)*")/.exec(error ?? "");
  const message = unquote(match?.[3]);
  const reason = match?.[2];
  if (pod === undefined || reason === undefined || message === undefined || reason === "CrashLoopBackOff")
    return undefined;
  return { pod, container: match?.[1], reason, message };
}

function mountComplaint(line: string): KubeletComplaint | undefined {
  const match = /Error: (MountVolume\.\w+ failed for volume "[^"]*").* pod "([^"]+)" \(UID: "[^"]*"\) : (.*)$/.exec(
    line,
  );
  if (match?.[2] === undefined) return undefined;
  return { pod: match[2], container: undefined, reason: "FailedMount", message: `${match[1]}: ${match[3]}` };
}

function unquote(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    // Cut off in the middle, or an escape that Go has and JSON has not.
    return undefined;
  }
}
