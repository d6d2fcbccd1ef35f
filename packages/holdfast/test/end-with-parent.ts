// Loaded before a program (`node --import`). Ends it when its parent process, to which it has an
// IPC channel, ends. A test that has timed out does not stop its programs, and a program that still
// runs keeps the output of the test run open, so that the run does not end.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
