// Loaded before a program (`node --import`). Ends it with the process that started it over an IPC
// channel: a test that has timed out stops nothing, and a program that lives on keeps the output of
// the test run open, so that the run does not end.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
