// Loaded before a program (`node --import`). Ends the program when the IPC channel to its parent
// process closes, which happens when the parent ends. A test that times out does not stop its
// programs. These would keep the output of the test run open, so the run would never end.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
