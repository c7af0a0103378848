// A figure of a report that is told and promises nothing.

import type { ReportFigure } from "../model/report";

/** One that is no duration to be drawn and that nothing was promised about. */
export function plainFigure(name: string, value: string, detail: string): ReportFigure {
  return { name, value, promised: "", verdict: "none", detail, seconds: undefined, promisedSeconds: undefined };
}
