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

// The SDK logs what it could not tell the engine, to the engine: with that gone each failure makes a longer one, and no event of
// the socket ever gets its turn.
const engine = process.ppid;
process.on("unhandledRejection", (reason) => {
  if (process.ppid !== engine) endGroup();
  // As if nobody listened: a process without a handler of its own ends by it.
  if (process.listenerCount("unhandledRejection") === 1) throw reason;
});
