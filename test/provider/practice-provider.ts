// A provider whose resources reach a simulated director over HTTPS, with the credentials that a declaration gives.

import type { JsonObject } from "../../src/model/json";
import { type OpenDirector, openDirectorFrom } from "../../src/provider/open-director";
import type { ResourceType } from "../../src/provider/resource-type";
import { type ServedDirector, serveDirector } from "../../src/simulator/director/https-face";
import type { SimulatedDirector } from "../../src/simulator/director/simulated-director";
import { testAuthentication, testCertificate } from "../simulator/director/practice-director";
import { initFailureOf, openProviderOf } from "./provider-client";

const signature = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
export const clientSecret = "not-a-secret";

/** Serves the director, and a provider of one type that reaches it by what is declared only. */
export async function openPractice(director: SimulatedDirector, typeOf: (open: OpenDirector) => ResourceType) {
  const certificate = await testCertificate();
  const served: ServedDirector = await serveDirector(director, {
    certificate,
    authentication: testAuthentication,
    port: 0,
  });
  const sources = { variables: {}, homeDirectory: "/nonexistent", readFile: () => undefined };
  // Each look at a task is a TLS connection, and a recovery takes half an hour of virtual time.
  const type = typeOf(openDirectorFrom(sources, director.clock, { followLimits: { pollMs: 10_000 } }));
  const provider = await openProviderOf([type]);
  const access: JsonObject = {
    environment: `https://127.0.0.1:${served.port}`,
    client: "admin",
    clientSecret: { ...signature, value: clientSecret },
    caCert: { ...signature, value: certificate.certificate },
  };
  return {
    served,
    provider,
    access,
    /** What a call that must fail as "there and not well" says. */
    failure: async (call: Promise<unknown>) =>
      initFailureOf(
        await call.then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    /** Everything logged so far, one text. */
    text: () => provider.logged.map(({ message }) => message).join("\n"),
    stopDirector: () => served.close(),
    close: async () => {
      provider.close();
      await served.close();
    },
  };
}
