// Loaded before a program (`node --import`). Ends the program when the IPC channel to its parent
// process closes, which happens when the parent ends. A test that has timed out does not stop its
// programs. Such a program would keep the output of the test run open, and the run would not end.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
