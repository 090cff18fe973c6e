import type { english } from '../en/index.ts'
import type { Translated } from '../translated.ts'
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

/**
 * All German text: infinitives instead of an address („Bilder importieren“), quotation marks „so“. A key that is missing
 * does not compile, and `languages.test.ts` names it.
 */
export const german: Translated<typeof english> = {
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
}
