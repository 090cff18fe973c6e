/** What makes a folder a project, and the folders in it whose pictures are the program's own. */
export const projectFile = 'project.db'
export const projectFolders: readonly string[] = ['cache', 'backups']
