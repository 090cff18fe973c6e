import { dialog } from 'electron'
import type { BrowserWindow, OpenDialogOptions } from 'electron'
import type { PlacePurpose } from '../../shared/contract/contract.ts'
import type { NativeDialogs } from '../host/native-dialogs.ts'
import { dataExtensions } from '../../shared/domain/data-file-names.ts'
import { imageExtensions } from '../../shared/domain/picture-names.ts'
import { texts } from './texts.ts'

/** The system's open dialogs, in front of the window that is there. */
export function createDialogs(window: () => BrowserWindow | null): NativeDialogs {
  return {
    choose: async (purpose) => {
      const parent = window()
      const options = optionsFor(purpose)
      const { canceled, filePaths } =
        parent === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(parent, options)
      return canceled ? [] : filePaths
    },
  }
}

/** Windows and Linux let a person choose either files or folders in one dialog, so there is one for each. */
function optionsFor(purpose: PlacePurpose): OpenDialogOptions {
  const title = texts.choose[purpose]
  switch (purpose) {
    case 'images':
      return {
        title,
        properties: ['openFile', 'multiSelections'],
        filters: [
          { name: texts.choose.imageFiles, extensions: imageExtensions.map((extension) => extension.slice(1)) },
        ],
      }
    case 'data':
      return {
        title,
        properties: ['openFile'],
        filters: [{ name: texts.choose.dataFiles, extensions: dataExtensions.map((extension) => extension.slice(1)) }],
      }
    case 'project':
      return { title, properties: ['openDirectory'] }
    case 'folder':
      return { title, properties: ['openDirectory', 'createDirectory'] }
  }
}
