export const models = {
  title: 'Model',
  intro: 'What classes learn and images are segmented with.',
  choice: 'In use',
  /** By the names in `Preferences.predictor`. */
  names: { msdnet: 'MSDNet', 'training-free': 'Training-free' },
  about: {
    msdnet: 'The trained network. Its score estimates how much a proposal overlaps with the right mask.',
    'training-free': 'Compares features without anything trained for it. Weaker; its score only says how sure it is.',
  },
  added: 'Added by you.',
  size: '{{megabytes, number(maximumFractionDigits: 1)}} MB',
  trainedOn: 'trained on {{data}}',
  unusable: 'It cannot be used, see below.',
  gone: 'The chosen model {{name}} is not here any more. Nothing can be segmented until another one is chosen.',
  learnAgain:
    'What a class has learnt belongs to one model. With another one it must learn again from its examples; that takes one press of “Learn again”.',
  add: 'Add a model…',
  addHint:
    'The folder of an exported MSDNet: manifest.json with its ONNX files beside it. It is tried and copied; nothing else is changed.',
  addFolder: 'Add this folder',
  trying: 'The model is tried …',
  wasAdded: 'The model {{name}} was added and can be chosen.',
} as const
