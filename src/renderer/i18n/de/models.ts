import type { models as english } from '../en/models.ts'
import type { Translated } from '../translated.ts'

export const models: Translated<typeof english> = {
  title: 'Modell',
  intro: 'Womit Klassen lernen und Bilder segmentiert werden.',
  choice: 'In Gebrauch',
  names: { msdnet: 'MSDNet', 'training-free': 'Ohne Training' },
  about: {
    msdnet: 'Das trainierte Netz. Sein Wert schätzt, wie weit sich ein Vorschlag mit der richtigen Maske deckt.',
    'training-free':
      'Vergleicht Merkmale ohne eigenes Training. Schwächer; der Wert sagt nur, wie sicher das Verfahren ist.',
  },
  added: 'Selbst hinzugefügt.',
  size: '{{megabytes, number(maximumFractionDigits: 1)}} MB',
  trainedOn: 'trainiert mit {{data}}',
  unusable: 'Es kann nicht verwendet werden, siehe unten.',
  gone: 'Das gewählte Modell {{name}} ist nicht mehr da. Bis ein anderes gewählt ist, kann nichts segmentiert werden.',
  learnAgain:
    'Was eine Klasse gelernt hat, gehört zu einem Modell. Mit einem anderen muss sie aus ihren Beispielen neu lernen; dazu genügt ein Druck auf „Neu lernen“.',
  add: 'Modell hinzufügen…',
  addHint:
    'Der Ordner eines exportierten MSDNet: manifest.json mit den ONNX-Dateien daneben. Es wird geprüft und kopiert; sonst ändert sich nichts.',
  addFolder: 'Diesen Ordner hinzufügen',
  trying: 'Das Modell wird geprüft …',
  wasAdded: 'Das Modell {{name}} wurde hinzugefügt und kann gewählt werden.',
}
