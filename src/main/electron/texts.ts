/** What a person reads outside the page: menus, dialogs of the system, and what is said when the page cannot. */
export const texts = {
  appName: 'Exemplar Studio',
  menu: {
    file: '&File',
    edit: '&Edit',
    view: '&View',
    help: '&Help',
    fullScreen: 'Full screen',
    developerTools: 'Developer tools',
    quit: 'Quit',
    licence: 'Licence of Exemplar Studio',
    method: 'The method: few-shot segmentation (MSDNet)',
  },
  choose: {
    images: 'Choose images',
    project: 'Choose the folder of a project',
    folder: 'Choose a folder',
    imageFiles: 'Images',
    data: 'Choose a file of annotations',
    dataFiles: 'Annotations',
  },
  notStarted: 'Exemplar Studio cannot start',
  notOpened: 'The project cannot be opened',
  internal: 'Something went wrong inside Exemplar Studio. Nothing saved is lost; try again.',
  unsaved: {
    message: 'The last change could not be saved yet.',
    detail: 'It is lost if the window is closed now.',
    stay: 'Stay',
    leave: 'Close anyway',
  },
  gone: {
    message: 'The window stopped working several times in a short while.',
    detail: 'Everything that was saved is on disk. Reason: {reason}.',
    again: 'Try again',
    quit: 'Quit',
  },
} as const
