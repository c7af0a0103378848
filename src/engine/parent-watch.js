// Preloaded into the program and every plugin: ends the process when the engine is gone, however it ended. The engine
// holds the other end of descriptor 3; the kernel closes it even after kill -9.

const net = require("node:net");

// The process leads a group of its own, so this also ends what it has started, such as ssh.
const endGroup = () => process.kill(-process.pid, "SIGKILL");
const parent = new net.Socket({ fd: 3, readable: true, writable: false });
parent.on("close", endGroup);
parent.on("error", endGroup);
parent.resume();
parent.unref();
