// The director refuses, hangs, closes, restarts or is somebody else: one clear sentence, and never two tasks for one wish.
import { expect } from "chai";
import { isRecoveryError, type RecoveryError } from "../../../src/model/errors";
import { createServerCertificate } from "../../../src/simulator/director/certificate";
import { serveDirector, type TransportFault } from "../../../src/simulator/director/https-face";
import { pksDeploymentName as deployment } from "../../../src/simulator/director/scenarios";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import {
  practiceDirector,
  type ServedPractice,
  servePractice,
  testAuthentication,
  testCertificate,
} from "../../simulator/director/practice-director";

const worker = { group: "worker", id: "3b2ae3af-a4ff-4850-8d36-a120525bab4b" };
const restart = { instance: worker, action: "restart", scope: "one-instance" } as const;

async function failureOf(promise: Promise<unknown>): Promise<RecoveryError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isRecoveryError(error)) throw new Error(`no RecoveryError but ${String(error)}`);
  return error;
}

/** A fault for the first so many requests that match. */
function first(count: number, fault: TransportFault, matches: (method: string, url: string) => boolean) {
  let left = count;
  return (method: string, url: string): TransportFault | undefined => {
    if (left === 0 || !matches(method, url)) return undefined;
    left -= 1;
    return fault;
  };
}

/** Short only where nothing will ever be answered: a busy machine may take its time. */
const patienceFor = (fault: TransportFault): number => (fault.kind === "hang" ? 1_000 : 10_000);

const isWrite = (method: string): boolean => method !== "GET";
const changes = (director: SimulatedDirector): number =>
  director.tasks.list().filter(({ type }) => type === "update_instance").length;

describe("connectDirector, when the director fails", () => {
  let director: SimulatedDirector;
  let practice: ServedPractice | undefined;

  beforeEach(() => {
    director = practiceDirector();
  });
  afterEach(async () => {
    await practice?.served.close();
    practice = undefined;
  });

  const refusals: readonly {
    readonly name: string;
    readonly fault: TransportFault;
    readonly want: RegExp;
    readonly code: string;
    readonly retriable: boolean;
    readonly tasks: number;
  }[] = [
    {
      name: "404 because a Content-Type was lost on the way",
      fault: { kind: "status", status: 404, body: "Endpoint '/deployments/x' not found.", isProcessed: false },
      want: /^cannot restart worker\/3b2a.*: the director 127\.0\.0\.1:\d+ has no such endpoint \(404\)/,
      code: "unsupported",
      retriable: false,
      tasks: 0,
    },
    {
      name: "500 before a task was made",
      fault: { kind: "status", status: 500, body: "", isProcessed: false },
      want: /^cannot restart worker\/3b2a.*: the director 127\.0\.0\.1:\d+ failed \(500\)$/,
      code: "command-failed",
      retriable: true,
      tasks: 0,
    },
    {
      name: "a closed connection before a task was made",
      fault: { kind: "close", isProcessed: false },
      want: /^the answer of the director .* to "restart worker\/3b2a.*" was lost, and it lists no task for it; it was not sent again$/,
      code: "host-unreachable",
      retriable: true,
      tasks: 0,
    },
    {
      name: "a hang before a task was made",
      fault: { kind: "hang", isProcessed: false },
      want: /was lost, and it lists no task for it; it was not sent again$/,
      code: "host-unreachable",
      retriable: true,
      tasks: 0,
    },
  ];
  for (const { name, fault, want, code, retriable, tasks } of refusals) {
    it(`says so once and sends nothing twice: ${name}`, async () => {
      practice = await servePractice(director, {
        face: { faultFor: first(1, fault, isWrite) },
        idleTimeoutMs: patienceFor(fault),
      });
      const error = await failureOf(practice.access.changeInstance(deployment, restart));
      expect(error.message).to.match(want);
      expect([error.code, error.retriable, changes(director)]).to.deep.equal([code, retriable, tasks]);
      expect(practice.served.requests.filter(({ method }) => isWrite(method))).to.have.length(1);
    });
  }

  const lostAnswers: readonly (readonly [name: string, fault: TransportFault])[] = [
    ["the connection closed after it took the request", { kind: "close", isProcessed: true }],
    ["it hung after it took the request", { kind: "hang", isProcessed: true }],
    ["a proxy answered 502 after it took the request", { kind: "status", status: 502, body: "", isProcessed: true }],
    ["it answered 500 after it made the task", { kind: "status", status: 500, body: "", isProcessed: true }],
  ];
  for (const [name, fault] of lostAnswers) {
    it(`finds the task again and follows it instead of starting another: ${name}`, async () => {
      practice = await servePractice(director, {
        face: { faultFor: first(1, fault, isWrite) },
        idleTimeoutMs: patienceFor(fault),
      });
      const outcome = await practice.access.changeInstance(deployment, restart);
      expect([outcome.kind, changes(director)]).to.deep.equal(["done", 1]);
      expect(practice.served.requests.filter(({ method }) => isWrite(method))).to.have.length(1);
    });
  }

  it("follows an absolute http Location by its path, over HTTPS and with GET", async () => {
    const fault = { kind: "absolute-location", origin: "http://10.0.0.6:25555" } as const;
    practice = await servePractice(director, { face: { faultFor: () => fault } });
    const outcome = await practice.access.deleteVm("vm-unknown");
    expect([outcome.kind, director.tasks.list().length]).to.deep.equal(["done", 1]);
    const { requests } = practice.served;
    const [, followed, ...more] = requests.slice(requests.findIndex(({ method }) => method === "DELETE"));
    expect(followed?.url).to.match(/^\/tasks\/\d+/);
    expect([followed, ...more].filter((request) => request?.method !== "GET")).to.deep.equal([]);
  });

  it("sends the Content-Type that the director insists on, although the body is empty", async () => {
    practice = await servePractice(director);
    await practice.access.changeInstance(deployment, restart);
    await practice.access.changeInstance(deployment, { ...restart, scope: "converge" });
    await practice.access.scanProblems(deployment);
    expect(
      practice.served.requests
        .filter(({ method }) => isWrite(method))
        .map(({ method, contentType, body, status }) => [method, contentType, body, status]),
    ).to.deep.equal([
      ["POST", "text/yaml", "", 302],
      ["PUT", "text/yaml", "", 302],
      ["POST", "application/json", "", 302],
    ]);
  });

  it("goes on following a task whose connections are closed in the middle", async () => {
    const fault = { kind: "close", isProcessed: false } as const;
    practice = await servePractice(director, {
      face: { faultFor: first(7, fault, (_method, url) => url.startsWith("/tasks/")) },
    });
    const outcome = await practice.access.changeInstance(deployment, restart);
    expect([outcome.kind, changes(director)]).to.deep.equal(["done", 1]);
  });

  it("waits for a director that restarts during a task and reports the task as interrupted", async () => {
    practice = await servePractice(director);
    const { served, access } = practice;
    const port = served.port;
    let comingBack: Promise<void> | undefined;
    director.clock.after(10_000, () => {
      director.restart();
      comingBack = served.close();
    });
    director.clock.after(60_000, () => {
      comingBack = comingBack?.then(async () => {
        const certificate = await testCertificate();
        const again = await serveDirector(director, { certificate, authentication: testAuthentication, port });
        practice = { served: again, access };
      });
    });
    const outcome = await access.changeInstance(deployment, restart);
    expect([outcome.kind, outcome.task.state, changes(director)]).to.deep.equal(["interrupted", "timeout", 1]);
    await comingBack;
  });

  it("does not talk to a director with another certificate", async () => {
    const other = await createServerCertificate(["127.0.0.1"]);
    practice = await servePractice(director, { caCertificate: other.certificate });
    const error = await failureOf(practice.access.changeInstance(deployment, restart));
    expect(error.message).to.match(/: the certificate of the director 127\.0\.0\.1:\d+ is not trusted/);
    expect([error.code, error.level, practice.served.requests.length]).to.deep.equal([
      "host-unreachable",
      "host-key",
      0,
    ]);
  });

  it("does not talk to a director whose certificate is for another name", async () => {
    const other = await createServerCertificate(["director.example"]);
    practice = await servePractice(director, { face: { certificate: other }, caCertificate: other.certificate });
    const error = await failureOf(practice.access.observeLocks());
    expect([error.level, practice.served.requests.length]).to.deep.equal(["host-key", 0]);
  });

  it("says that nobody listens, after a few tries", async () => {
    practice = await servePractice(director);
    await practice.served.close();
    const error = await failureOf(practice.access.changeInstance(deployment, restart));
    expect(error.message).to.match(/takes no connection \(ECONNREFUSED\)$/);
    expect([error.level, error.retriable]).to.deep.equal(["connect", true]);
  });

  it("says that the credentials are wrong and never prints them", async () => {
    const credentials = { kind: "client", client: "admin", secret: "wrong-secret" } as const;
    practice = await servePractice(director, { credentials });
    const error = await failureOf(practice.access.changeInstance(deployment, restart));
    expect(error.message).to.match(/does not accept our credentials \(401\)$/);
    expect([error.level, JSON.stringify(error).includes("wrong-secret")]).to.deep.equal(["auth", false]);
    expect(await practice.access.observeDirector()).to.deep.include({ user: undefined });
  });

  it("refuses an address or a bare group where one instance is meant, before anything is sent", async () => {
    practice = await servePractice(director);
    for (const id of ["172.28.3.4", "", "0"]) {
      const change = { ...restart, instance: { group: "master", id } };
      expect((await failureOf(practice.access.changeInstance(deployment, change))).code).to.equal("input");
      const shell = practice.access.createShellUser(
        deployment,
        change.instance,
        "bosh_0123456789abcde",
        "ssh-rsa AAAA\n",
      );
      expect((await failureOf(shell)).code).to.equal("input");
    }
    expect(practice.served.requests).to.deep.equal([]);
  });

  it("leaves null answers out: the director's own choice would ignore an unresponsive agent", async () => {
    practice = await servePractice(director);
    await practice.access.applyResolutions(deployment, [{ problemId: 4, resolution: "reboot_vm" }]);
    const put = practice.served.requests.find(({ method }) => method === "PUT");
    expect(put?.body).to.equal('{"resolutions":{"4":"reboot_vm"}}');
  });
});

describe("connectDirector, with UAA", () => {
  const face = {
    authentication: { kind: "uaa", client: "admin", secret: "not-a-secret", tokenLifetimeSecs: 600 },
  } as const;
  const tokens = (practice: ServedPractice): number =>
    practice.served.requests.filter(({ url }) => url === "/uaa/oauth/token").length;

  it("asks for one token and uses it until shortly before it lapses", async () => {
    const director = practiceDirector();
    const practice = await servePractice(director, { face });
    await practice.access.observeDeployments();
    await practice.access.scanProblems(deployment);
    expect(tokens(practice)).to.equal(1);
    director.clock.advance(541_000);
    await practice.access.observeDeployments();
    expect(tokens(practice)).to.equal(2);
    await practice.served.close();
  });

  it("shares one token request between requests that run side by side", async () => {
    const practice = await servePractice(practiceDirector(), { face });
    await Promise.all([
      practice.access.observeDeployments(),
      practice.access.observeLocks(),
      practice.access.isResurrectionOn(),
    ]);
    expect(tokens(practice)).to.equal(1);
    await practice.served.close();
  });

  it("renews a token that the director no longer takes, once, and starts one task", async () => {
    const director = practiceDirector();
    const refused = first(
      1,
      { kind: "status", status: 401, body: "Not authorized", isProcessed: false },
      isWriteToDirector,
    );
    const practice = await servePractice(director, { face: { ...face, faultFor: refused } });
    const outcome = await practice.access.deleteVm("vm-unknown");
    expect([outcome.kind, tokens(practice), director.tasks.list().length]).to.deep.equal(["done", 2, 1]);
    await practice.served.close();
  });

  it("logs in with the refresh token of a user who used the bosh CLI", async () => {
    const authentication = { ...face.authentication, refreshToken: "stored" };
    const credentials = { kind: "refresh-token", refreshToken: "stored" } as const;
    const practice = await servePractice(practiceDirector(), { face: { authentication }, credentials });
    expect((await practice.access.observeDirector()).user).to.equal("admin");
    await practice.served.close();
  });

  it("says that the UAA does not take the client", async () => {
    const credentials = { kind: "client", client: "admin", secret: "wrong" } as const;
    const practice = await servePractice(practiceDirector(), { face, credentials });
    const error = await failureOf(practice.access.observeDeployments());
    expect(error.message).to.match(/^the UAA 127\.0\.0\.1:\d+ does not accept our credentials \(401\)$/);
    await practice.served.close();
  });
});

function isWriteToDirector(method: string, url: string): boolean {
  return isWrite(method) && !url.startsWith("/uaa");
}
