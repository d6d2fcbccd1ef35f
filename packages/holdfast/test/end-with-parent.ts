// Loaded before a program (`node --import`). Ends the program when its parent process ends, which
// it detects by the IPC channel between them. A test that has timed out does not stop its programs.
// A program that still runs keeps the output of the test run open, so that the run would not end.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
