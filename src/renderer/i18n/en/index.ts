import { batch } from './batch.ts'
import { classes } from './classes.ts'
import { common } from './common.ts'
import { devices } from './devices.ts'
import { editor } from './editor.ts'
import { errors } from './errors.ts'
import { exporting } from './export.ts'
import { gallery } from './gallery.ts'
import { help } from './help.ts'
import { history } from './history.ts'
import { keys } from './keys.ts'
import { labels } from './labels.ts'
import { learn } from './learn.ts'
import { models } from './models.ts'
import { review } from './review.ts'
import { settings } from './settings.ts'
import { tour } from './tour.ts'
import { welcome } from './welcome.ts'

/** All English text, one part per feature: `gallery.title`, `errors.fileNotFound`, … */
export const english = {
  batch,
  classes,
  common,
  devices,
  editor,
  errors,
  export: exporting,
  gallery,
  help,
  history,
  keys,
  labels,
  learn,
  models,
  review,
  settings,
  tour,
  welcome,
} as const
