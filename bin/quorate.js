#!/usr/bin/env node
// Runs the TypeScript sources as they are: there is no build step that could be forgotten on an air-gapped site.
require("tsx/cjs");
require("../src/cli/main.ts");
