import { z } from '../zod.ts'

export const themes = ['system', 'light', 'dark'] as const
export const languages = ['system', 'en', 'de'] as const
export const motions = ['system', 'on', 'off'] as const

/** How a person likes the program to look. Of this computer, not of a project; never undone. */
export const preferencesSchema = z.strictObject({
  theme: z.enum(themes),
  language: z.enum(languages),
  /** Of the masks' fill in the editor, 0 to 1. */
  maskOpacity: z.number().min(0).max(1),
  /** `on`: nothing moves by itself. */
  reducedMotion: z.enum(motions),
  /** The introduction has been seen, or declined. */
  tourSeen: z.boolean(),
  /** What classes learn and images are segmented with: `msdnet`, `training-free`, or the id of a model that was added. */
  predictor: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/),
})
export type Preferences = z.infer<typeof preferencesSchema>

export const preferencesChangeSchema = preferencesSchema.partial()
export type PreferencesChange = z.infer<typeof preferencesChangeSchema>

export const defaultPreferences: Preferences = {
  theme: 'system',
  language: 'system',
  maskOpacity: 0.45,
  reducedMotion: 'system',
  tourSeen: false,
  predictor: 'msdnet',
}
