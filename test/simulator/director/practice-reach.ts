// All that a converge needs, on a simulated director: the port in process, the inside of the instances, the etcd's votes.
import type { BoshReach } from "../../../src/converge/bosh-observe";
import type { DirectorAccess } from "../../../src/ports/director-access";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { SimulatedInstanceAccess } from "../../../src/simulator/director/simulated-instances";
import { SimulatedQuorum } from "../../../src/simulator/director/simulated-quorum";

/** Reaches a director in process unless another access is given. */
export function practiceReach(
  director: SimulatedDirector,
  access?: DirectorAccess,
): BoshReach & { readonly quorum: SimulatedQuorum } {
  return {
    director: access ?? new SimulatedDirectorAccess(director),
    instances: new SimulatedInstanceAccess(director),
    quorum: new SimulatedQuorum(director),
  };
}
