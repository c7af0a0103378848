// Every random exploration that there is, in the order in which they take turns. A new one has its place here.

import { boshPlans } from "./bosh-plans";
import { director } from "./director";
import { drills } from "./drills";
import { etcdPlans } from "./etcd-plans";
import { etcdRehearsals } from "./etcd-rehearsals";
import type { Exploration } from "./exploration";
import { inventories } from "./inventories";
import { nodes } from "./nodes";
import { parsers } from "./parsers";
import { values } from "./values";

export const everyExploration: readonly Exploration[] = [
  etcdRehearsals(),
  nodes(),
  etcdPlans(),
  director(),
  boshPlans(),
  drills(),
  inventories(),
  parsers(),
  values(),
];
