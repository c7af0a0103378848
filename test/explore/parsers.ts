// Random text and bytes in place of what a node answers, and random words in what is written for one.

import { noticesHole, seesNothingInGarbage, survivesChangedBytes, survivesCut } from "../observe/probe-properties";
import {
  quotesAnyDocument,
  quotesAnyWord,
  readsAnyManifest,
  readsAnyManifestBytes,
  readsBackPod,
} from "../property/text-properties";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

export function parsers(): Exploration {
  return propertyExploration("parsers", [
    explored(survivesCut, 50),
    explored(noticesHole, 50),
    explored(seesNothingInGarbage, 200),
    explored(survivesChangedBytes, 50),
    explored(readsAnyManifest, 1000),
    explored(readsAnyManifestBytes, 1000),
    explored(readsBackPod, 300),
    explored(quotesAnyWord, 60),
    explored(quotesAnyDocument, 60),
  ]);
}
