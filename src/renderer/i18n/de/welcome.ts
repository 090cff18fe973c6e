import type { welcome as english } from '../en/welcome.ts'
import type { Translated } from '../translated.ts'

export const welcome: Translated<typeof english> = {
  tagline:
    'In wenigen Bildern eine Klasse umranden. Das Studio segmentiert den Rest, lernt aus Korrekturen und exportiert Masken, die auf das Pixel stimmen.',
  newProject: 'Neues Projekt',
  openProject: 'Projekt öffnen',
  newProjectHint: 'Ein Projekt ist ein Ordner. Die Bilder bleiben, wo sie sind.',
  sample: {
    title: 'Mit dem Beispielprojekt ausprobieren',
    text: '{{count}} Bilder mit Schrauben, Muttern und Unterlegscheiben, dazu ein Rundgang durch die ganze Arbeit: sechs Schritte, ein paar Minuten.',
    making: 'Das Beispielprojekt wird angelegt …',
  },
  recent: 'Zuletzt geöffnet',
  noRecent: 'Noch keine Projekte. Ein neues anlegen und dann einen Ordner mit Bildern importieren.',
  opening: 'Wird geöffnet…',
  missing: 'Ordner nicht gefunden',
  openNamed: '{{name}} öffnen',
  projectName: 'Name des Projekts',
  where: 'Ort für den Projektordner',
  createHere: 'Projekt anlegen',
  willCreate: 'Legt den Ordner „{{name}}“ in „{{place}}“ an.',
  chooseFolder: 'Zuerst einen Ordner wählen.',
  dropTitle: 'Bilder oder Ordner hier ablegen und damit ein Projekt beginnen',
  dropHint: 'Name und Ort werden danach gewählt.',
  bringsFiles: 'Das Abgelegte wird importiert, sobald das Projekt angelegt ist.',
  droppedProject:
    '„{{name}}“ ist schon ein Projekt und wird deshalb nicht hochgeladen. Es stattdessen dort öffnen, wo es liegt.',
  openTitle: 'Projekt öffnen',
  openHint: 'In einen Ordner gehen, der mit „Projekt“ gekennzeichnet ist.',
  notAProject: 'In diesem Ordner ist noch kein Projekt.',
  openThis: '„{{name}}“ öffnen',
  version: 'Version {{version}}',
  steps: {
    outline: 'Umranden',
    outlineHint: 'Eine Klasse in ein bis fünf Bildern malen und als Beispiele verwenden.',
    segment: 'Segmentieren',
    segmentHint: 'Jedes andere Bild bekommt einen Vorschlag, allein auf diesem Computer.',
    correct: 'Korrigieren und lernen',
    correctHint: 'Wahrscheinliche Fehler kommen zuerst; jede Korrektur verbessert den Rest.',
    export: 'Exportieren',
    exportHint: 'COCO oder Masken, zurückgelesen und Pixel für Pixel verglichen.',
  },
  command: {
    newProject: 'Neues Projekt',
    openProject: 'Projekt öffnen',
    sample: 'Beispielprojekt',
  },
}
