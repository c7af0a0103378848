#!/usr/bin/env node
// The plugin, under the name that the Pulumi CLI looks for on PATH.
require("./compiled.js").run("plugin.js");
