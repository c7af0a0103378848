// Where a Pulumi engine enters the plugin. tsx only strips the types: the language host's own type check takes the better
// part of ten seconds at every command, and judges the sources by another compiler configuration than theirs.
require("tsx/cjs");
require("./index.ts");
