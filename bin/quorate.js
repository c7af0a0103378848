#!/usr/bin/env node
// The command line.
require("./compiled.js").run("quorate.js");
