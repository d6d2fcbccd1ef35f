/** The system user that runs the server and owns its files. */
export interface Account {
  readonly uid: number
  readonly gid: number
}
