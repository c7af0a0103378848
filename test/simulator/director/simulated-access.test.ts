import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import { describeDirectorContract } from "../../adapters/bosh-director/director-contract";

describe("SimulatedDirectorAccess", () => {
  describeDirectorContract(async (director) => ({
    access: new SimulatedDirectorAccess(director),
    release: async () => {},
  }));
});
