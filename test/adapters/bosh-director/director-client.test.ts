import { servePractice } from "../../simulator/director/practice-director";
import { describeDirectorContract } from "./director-contract";

describe("connectDirector, over HTTPS with basic authentication", () => {
  describeDirectorContract(async (director) => {
    const { served, access } = await servePractice(director);
    return { access, release: () => served.close() };
  });
});

describe("connectDirector, over HTTPS with UAA", () => {
  describeDirectorContract(async (director) => {
    const authentication = { kind: "uaa", client: "admin", secret: "not-a-secret" } as const;
    const { served, access } = await servePractice(director, { face: { authentication } });
    return { access, release: () => served.close() };
  });
});
