import type { errors as english } from '../en/errors.ts'
import type { Translated } from '../translated.ts'

/** Sentences for `AppError.key`. What only the command line says has its English sentence, `{{message}}`. */
export const errors: Translated<typeof english> = {
  classTableInvalid: '{{file}} nennt die Klassen nicht: {{reason}}. Die Datei berichtigen.',
  colourTableMissing:
    '{{file}} enthält Farben, und nichts sagt, welche Klasse jede bedeutet. Neben die Masken eine label_colors.txt legen, mit einer Zeile wie „255 0 0 Schraube“ je Klasse.',
  formatAmbiguous: '{{file}} enthält mehrere Datensätze: {{list}}. Einen davon wählen, oder das Format nennen.',
  formatFolderNeeded:
    'Diese Datei gehört zu einem Datensatz im Format {{format}}; stattdessen dessen Ordner {{folder}} wählen.',
  formatPacked: '{{file}} ist gepackt. Die Datei entpacken und den Ordner wählen, der dabei entsteht.',
  formatUnknown:
    '{{file}} zeigt keines der bekannten Formate. Die Datei oder den Ordner mit den Annotationen wählen, oder das Format nennen.',
  maskIsPhotograph:
    '{{file}} enthält mehr als {{count, number}} verschiedene Farben, ist also ein Foto und keine Maske. Den Ordner der Masken angeben.',
  masksFolderUnclear: '{{file}} ist kein Ordner mit Klassenmasken: {{reason}}.',
  objectsFolderUnclear:
    '{{folder}} ist kein Ordner mit einer PNG-Datei je Objekt: Es gibt weder eine manifest.json noch Dateien wie BILD/1_KLASSE.png. Den Ordner angeben, der diese enthält.',
  objectsManifestInvalid:
    '{{file}} ist nicht das Manifest eines Ordners mit einer PNG-Datei je Objekt: Es beginnt nicht mit "format": "png-objects". Den Ordner als das importieren, was er ist, oder das Manifest entfernen, um nach Ordnern zu lesen.',
  textTooLong:
    '{{file}} hat {{megabytes}} MB, und eine Datei dieser Art hat höchstens {{limit}}. Prüfen, ob es die richtige ist.',
  unexpected: 'In Exemplar Studio ist etwas schiefgegangen. Nichts Gespeichertes ist verloren; die Seite neu laden.',
  reference: '(Nummer im Protokoll: {{ref}}.)',
  annotationNotFound:
    'Dieses Objekt ist nicht mehr im Projekt. Die Liste neben dem Bild zeigt, was jetzt vorhanden ist.',
  badAnswer: 'Die Antwort auf {{call}} konnte nicht gelesen werden. Die Seite neu laden.',
  badRequest: 'Die Anfrage „{{call}}“ ist bei „{{where}}“ ungültig. Die Seite neu laden.',
  badTransport: '{{message}}',
  batchNotFound: 'Dieser Import ist nicht mehr im Projekt; die Bilder noch einmal importieren.',
  callIdInUse: 'Das wird gerade schon erledigt; warten, bis es fertig ist.',
  cancelled: 'Abgebrochen.',
  changeEmpty: 'Es gab nichts zu ändern, also wurde nichts gespeichert.',
  changeImpossible:
    'Die Änderung passt nicht zum jetzigen Stand des Projekts ({{problem}}), also wurde nichts gespeichert. Die Seite neu laden und es noch einmal tun.',
  changeInvalid:
    'Die Änderung konnte nicht gelesen werden ({{problem}}), also wurde nichts gespeichert. Die Seite neu laden und es noch einmal tun.',
  classCycle: 'Die Klasse „{{name}}“ kann nicht unter sich selbst stehen; eine andere übergeordnete Klasse wählen.',
  classInUse:
    'Die Klasse „{{name}}“ wird noch gebraucht und kann nicht allein gelöscht werden. Zuerst ihre Annotationen und Beispiele löschen oder ihnen eine andere Klasse geben.',
  classMergeSelf: 'Die Klasse „{{name}}“ kann nicht mit sich selbst zusammengeführt werden; eine andere wählen.',
  className: 'Eine Klasse braucht einen Namen mit 1 bis 200 Zeichen; einen anderen wählen.',
  classNameTaken: 'Eine Klasse namens „{{name}}“ gibt es schon; einen anderen Namen wählen.',
  classNotFound: 'Diese Klasse ist nicht mehr im Projekt; eine andere wählen.',
  classWithoutExamples:
    'Die Klasse {{class}} hat noch keine Beispiele. Sie in einem Bild umranden und als Beispiel verwenden.',
  cocoImageIdTwice:
    '{{file}} vergibt die Bildnummer {{id}} zweimal; die Datei berichtigen, dann noch einmal importieren.',
  orientationUnsupported:
    'Das Format {{format}} hat seine Masken wie angezeigt; für aufrechte Kopien oder gespeicherte Pixel {{others}} exportieren.',
  uprightDepth:
    '{{file}} ist ein TIFF mit 16 Bit, das aufrecht die Hälfte davon verlöre; in einem anderen Programm drehen oder die Masken auf den gespeicherten Pixeln exportieren.',
  uprightNeedsCopies: 'Aufrechte Bilder sind neue Dateien: die Bilder in den Export kopieren oder verknüpfen lassen.',
  simplifyNeedsPolygons: 'RLE lässt sich nicht vereinfachen: Polygone wählen oder das Vereinfachen weglassen.',
  splitUnsupported: 'Das Format {{format}} wird als Ganzes geschrieben; für Teilmengen {{others}} exportieren.',
  cocoInstancesMissing:
    '{{file}} ist eine Ergebnisdatei und nennt Bilder nur mit Nummern; die Instances-Datei, zu der sie gehört, daneben legen ({{wanted}}).',
  cocoNoResultsFile:
    '{{file}} ist keine Ergebnisdatei: eine Ergebnisdatei ist eine einzige Liste von Vorhersagen. Eine Instances-Datei als coco importieren.',
  cocoResultsFile:
    '{{file}} ist eine Ergebnisdatei (eine Liste von Vorhersagen), keine COCO-Instances-Datei. Als coco-results importieren, mit der Instances-Datei daneben, oder eine Instances-Datei importieren.',
  cocoSectionMissing:
    '{{file}} hat keine Liste „{{section}}“, ist also keine COCO-Instances-Datei; eine andere Datei wählen.',
  connectionLost: 'Exemplar Studio antwortet nicht. Es neu starten und die Adresse öffnen, die es ausgibt.',
  cvatInvalid:
    '{{file}} enthält keine Bilder von CVAT; annotations.xml aus einem Export als „CVAT for images 1.1“ wählen.',
  cvatTracks:
    '{{file}} enthält Spuren eines Videos, die keine eigenen Bilder haben; die Aufgabe als „CVAT for images 1.1“ exportieren.',
  databaseBusy:
    'Die Projektdatenbank {{path}} wird von einem anderen Programm benutzt; dieses schließen und es noch einmal versuchen.',
  databaseDamaged:
    'Die Projektdatenbank {{path}} ist beschädigt ({{problem}}). Das Projekt schließen, die beschädigte Datei aufheben und die neueste Sicherung aus dem Unterordner „backups“ oder einer eigenen Kopie an ihre Stelle legen.',
  databaseFromFuture:
    '{{path}} stammt von einem neueren Exemplar Studio (Schema {{found}}, dieses kennt {{known}}); zum Öffnen Exemplar Studio aktualisieren, verändert wurde nichts.',
  databaseUnwritable:
    'Die Projektdatenbank {{path}} konnte nicht gelesen oder geschrieben werden ({{problem}}); Datenträger und Zugriffsrechte des Ordners prüfen, dann noch einmal versuchen.',
  diskFull:
    'Der Datenträger ist voll: {{path}} konnte nicht wachsen, verändert wurde nichts; Platz schaffen und noch einmal versuchen.',
  dropUnreadable:
    'Der Browser konnte {{name}} nicht lesen; prüfen, ob die Datei noch da und lesbar ist, dann noch einmal ablegen.',
  emptyMask: 'Der umrandete Bereich ist leer oder zu klein, um daraus zu lernen; ein größeres Beispiel umranden.',
  episodeImageMissing: '{{message}}',
  exportBusy:
    'Ein anderer Export (Prozess {{pid}}) legt noch Dateien in {{folder}} ab; es wurde nichts geändert. Warten, bis er zu Ende ist, oder {{lock}} löschen, falls dieser Prozess kein Export ist; dann noch einmal exportieren.',
  exportDiffers:
    'Die exportierte Datei gibt das Projekt nicht genau wieder ({{what}}) und wurde entfernt. Den Datenträger prüfen und noch einmal exportieren.',
  exportDisturbed:
    '{{file}} wurde während des Exports geändert oder entfernt; der Export hat nichts geändert. Noch einmal exportieren.',
  exportOccupied:
    '{{file}} würde überschrieben und stammt nicht so aus einem früheren Export (insgesamt {{count}}). An einen anderen Ort legen oder in einen leeren Ordner exportieren.',
  exportUnwritable:
    'Der Export nach {{folder}} konnte nicht geschrieben werden ({{reason}}: {{file}}). Datenträger und Zugriffsrechte dort prüfen oder einen anderen Ordner wählen.',
  fileMalformed: '{{message}}',
  fileUnreadable: '{{file}} kann nicht gelesen werden; prüfen, ob die Datei noch da ist und gelesen werden darf.',
  fileWithoutPath:
    'Das Abgelegte ist keine Datei auf diesem Rechner; zuerst in einem Ordner speichern, dann von dort ablegen.',
  fileUnwritable:
    '{{file}} kann nicht geschrieben werden ({{reason}}); Zugriffsrechte und freien Platz des Ordners prüfen.',
  folderNotCreated: 'Der Ordner {{path}} konnte nicht angelegt werden; einen anderen Ort wählen.',
  foreignCaller:
    'Exemplar Studio hat eine fremde Anfrage abgewiesen. Die Adresse öffnen, die das Programm ausgegeben hat.',
  hashInvalid: '„{{hash}}“ ist keine Prüfsumme. Die Seite neu laden.',
  httpStatus: 'Exemplar Studio hat mit Status {{status}} geantwortet. Die Seite neu laden.',
  imageChanged:
    '{{file}} enthält ein anderes Bild als beim Hinzufügen; das Original zurücklegen oder das neue unter anderem Namen hinzufügen.',
  imageCrashesDecoder:
    '{{file}} bringt das Lesen von Bildern zum Absturz und wurde ausgelassen; mit einem anderen Programm neu speichern.',
  imageDamaged:
    '{{file}} ist beschädigt und kann nicht gelesen werden ({{reason}}); noch einmal von der Quelle kopieren oder neu speichern.',
  imageEmpty: '{{file}} ist leer (0 Byte); noch einmal von der Quelle kopieren.',
  imageGone:
    '{{file}} wurde verschoben oder gelöscht: {{path}} ist nicht mehr da; die Datei dorthin zurücklegen, dann noch einmal versuchen.',
  imageNotFound: 'Dieses Bild ist nicht mehr im Projekt. Die Galerie zeigt, was jetzt vorhanden ist.',
  imageSamples:
    '{{file}} enthält Werte vom Typ {{depth}}, für die Schwarz und Weiß nicht festgelegt sind; mit 8 oder 16 Bit je Kanal speichern.',
  imageTooLarge:
    '{{file}} hat {{width}} x {{height}} Pixel, mehr als die {{limit}}, die geöffnet werden können; verkleinern oder in Teile schneiden.',
  imageUnsupported:
    '{{file}} ist kein JPEG-, PNG-, WebP- oder TIFF-Bild, gleich was der Name sagt; in eines davon umwandeln.',
  importClash:
    'Der Import kann nicht wieder gezeigt werden: Das Projekt enthält inzwischen ein anderes Bild mit Namen oder Inhalt von {{name}}.',
  indexImageUnsupported:
    '{{file}} kann nicht als Klassenmaske gelesen werden: {{reason}}; als 8-Bit-PNG in Grau oder mit Palette speichern.',
  internal: 'In Exemplar Studio ist etwas schiefgegangen; Gespeichertes ist nicht betroffen. Es noch einmal versuchen.',
  jobEnded: 'Dieser Auftrag ist schon beendet; einen neuen starten.',
  jobItemNotFound: 'Dieses Bild gehört nicht mehr zu diesem Auftrag; dafür einen neuen starten.',
  jobNotFound: 'Dieser Auftrag ist nicht mehr im Projekt; einen neuen starten.',
  jsonInvalid:
    '{{file}} ist in Zeile {{line}}, Spalte {{column}} kein gültiges JSON. Die Datei neu schreiben oder dort reparieren.',
  labelTooLarge:
    '{{file}} hat {{width}}×{{height}} Pixel, mehr als jedes Bild des Projekts. Die Datei in der Größe ihres Bildes speichern oder das Bild zuerst hinzufügen.',
  labelmeMissing: '{{folder}} enthält keine .json-Dateien von labelme; den Ordner wählen, in dem sie liegen.',
  manifestInvalid:
    '{{file}} ist nicht das Manifest eines Datensatzordners (es braucht „classes“ und „items“); die Datei neu schreiben.',
  maskOutsideImage:
    'Die Maske reicht über das Bild mit {{width}} x {{height}} Pixeln hinaus und wurde nicht gespeichert. Sie innerhalb des Bildes neu zeichnen.',
  maskRunsInvalid: 'Die Maskendaten sind beschädigt ({{problem}}) und wurden nicht verwendet. Die Maske neu zeichnen.',
  maskSize: 'Maske und Bild sind nicht gleich groß. Die Maske in der Größe des Bildes speichern.',
  maskTileEmpty:
    'Die Maskenkachel ({{x}}, {{y}}) enthält keine Pixel, also wurde nichts gespeichert. Die Seite neu laden und es noch einmal tun.',
  mediaUnknown: 'Unter dieser Adresse gibt es nichts. Die Seite neu laden.',
  modelBackbone:
    'Das Modell {{model}} wurde auf dem Backbone {{wanted}} trainiert, nicht auf {{found}}; beide in einen Modellordner legen.',
  modelFault:
    'Die Modelldatei {{path}} kann nicht verwendet werden: {{fault}}. Das Modell neu exportieren oder in den Einstellungen ein anderes Verfahren wählen.',
  modelManifestInvalid:
    'Das Modellmanifest {{path}} ist beschädigt oder aus einer anderen Version; den Ordner „models“ dieser Version wiederherstellen.',
  modelMismatch:
    'Die Modelldatei {{path}} ist nicht die, die ihr Manifest beschreibt (andere SHA-256); den Ordner „models“ dieser Version wiederherstellen.',
  modelMissing:
    'Die Modelldatei {{path}} kann nicht gelesen werden; den Ordner „models“ dieser Version wiederherstellen.',
  modelNotListed:
    'Das Modellmanifest {{path}} nennt {{model}} nicht; den Ordner „models“ dieser Version wiederherstellen oder in den Einstellungen ein anderes Verfahren wählen.',
  modelOutput:
    'Das Modell liefert „{{name}}“ nicht, wie sein Manifest verspricht; den Ordner „models“ dieser Version wiederherstellen.',
  modelNameTaken:
    'Ein Modell „{{name}}“ wurde schon hinzugefügt. {{folder}} löschen, um ein anderes unter diesem Namen hinzuzufügen, oder ihm in seinem Manifest eine andere Id geben.',
  modelNameUnusable:
    'Das Modell in {{folder}} hat die Id „{{name}}“, die nicht verwendet werden kann; ihm eine aus kleinen Buchstaben, Ziffern, Punkten und Bindestrichen geben.',
  modelUnknown: 'Es gibt kein Modell „{{name}}“; in den Einstellungen ein anderes wählen: {{known}}.',
  modelsFolderMissing: 'Der Ordner „models“ mit manifest.json fehlt. Exemplar Studio neu installieren.',
  nameTaken: '{{name}} gibt es schon; einen anderen Namen wählen.',
  nameUnusable:
    '„{{name}}“ kann kein Name eines Ordners oder einer Datei sein; / \\ : * ? " < > | und einen Punkt am Anfang oder Ende weglassen.',
  noAcceptedAnnotation: '{{message}}',
  noEpisodes: '{{message}}',
  noSystemDialog: 'Ein Browserfenster kann keinen Systemdialog zeigen; den Ordner stattdessen in der Liste aufsuchen.',
  noSupports: 'Eine Klasse braucht mindestens ein Beispiel, um daraus zu lernen.',
  notAProject:
    '{{path}} ist die Datenbank eines anderen Programms; einen Ordner mit einem Exemplar-Studio-Projekt wählen.',
  nothingHere: 'Unter dieser Adresse gibt es nichts. Die Seite neu laden.',
  nothingLearnt: 'Noch keine Klasse hat Beispiele. In einem Bild eine umranden und als Beispiel verwenden.',
  pixelCount: 'Ein Bild kam unvollständig bei der Berechnung an. Es noch einmal versuchen.',
  pixelSize: 'Ein Bild kam in falscher Größe bei der Berechnung an. Es noch einmal versuchen.',
  placeGone: '{{name}} ist nicht mehr da; zurückgehen und noch einmal nachsehen.',
  placeOutside:
    '{{name}} liegt außerhalb der Ordner, die geöffnet werden dürfen. Einen anderen wählen oder das Programm mit --root und diesem Ordner starten.',
  placeUnknown: 'Dieser Ordner stammt aus einem früheren Start; ihn noch einmal öffnen.',
  placeUnreadable: '{{name}} kann nicht geöffnet werden ({{reason}}); die Zugriffsrechte prüfen.',
  polygonInvalid: 'Das Polygon ist ungültig; es neu zeichnen oder in der Datei berichtigen.',
  portUnavailable: '{{message}}',
  predictorUnknown: '{{message}}',
  preferencesUnwritable:
    'Die Einstellungen gelten, bis Exemplar Studio endet, aber {{file}} kann nicht geschrieben werden ({{reason}}); Zugriffsrechte und freien Platz des Ordners prüfen.',
  processLost:
    'Der Prozess „{{process}}“ ist kurz hintereinander mehrmals abgestürzt und wurde nicht wieder gestartet; eine Minute warten und es noch einmal versuchen oder das Programm neu starten.',
  projectCopyOpen:
    '{{folder}} ist eine Kopie des Projekts, das von {{other}} geöffnet ist. Jenes schließen, dann noch einmal versuchen.',
  projectExists: '{{path}} enthält schon ein Projekt; es öffnen oder einen anderen Ordner wählen.',
  projectInUse:
    'Das Projekt in {{folder}} ist in einem anderen Exemplar Studio geöffnet. Es dort schließen, dann noch einmal versuchen.',
  projectNameEmpty: 'Ein Projekt braucht einen Namen; einen eingeben und es noch einmal versuchen.',
  projectNotFound: '{{path}} ist kein Projektordner: Darin ist keine project.db.',
  projectNotOpen: 'Dieses Projekt ist nicht mehr geöffnet. Es vom Startbildschirm aus wieder öffnen.',
  proposalExists: 'Dieser Vorschlag ist schon gespeichert; verändert wurde nichts.',
  proposalInvalid: 'Der Vorschlag {{id}} gehört nicht zum Bild {{image}} und den Klassen seines Auftrags.',
  providerUnsupported:
    'Das Rechenverfahren {{provider}} läuft auf diesem Computer nicht ({{reason}}); „auto“ oder „cpu“ verwenden.',
  providerVariable: 'EXEMPLAR_PROVIDER ist „{{value}}“; einen dieser Werte setzen: {{known}}.',
  recentUnknown: 'Dieses Projekt ist nicht mehr in der Liste der zuletzt geöffneten; stattdessen seinen Ordner öffnen.',
  requestLost:
    'Der Prozess „{{process}}“ ist an einer Aufgabe gescheitert ({{reason}}). Sie wurde aufgegeben, alles andere geht weiter.',
  requestTooLarge:
    'Die Anfrage „{{call}}“ ist größer als die erlaubten {{maxBytes}} Byte; in kleineren Teilen vorgehen.',
  rleInvalid: 'Die Lauflängen einer Maske sind ungültig; die Datei neu schreiben.',
  rootNotFolder: '{{name}} ist kein Ordner; einen Ordner zum Öffnen nennen.',
  runtimeMissing:
    'Die Bibliothek onnxruntime kann auf diesem Computer nicht geladen werden; das Programm für diese Plattform neu installieren.',
  staleChange: '„{{name}}“ wurde inzwischen geändert; den neueren Stand ansehen und es noch einmal tun.',
  sampleMissing:
    'Das Beispielprojekt gehört nicht zu dieser Installation ({{file}}). Exemplar Studio noch einmal installieren oder mit eigenen Bildern beginnen.',
  sampleUnreadable: '{{name}} aus dem Beispielprojekt konnte nicht kopiert werden: {{reason}}',
  stateDamaged: 'Das Gelernte der Klasse kann nicht gelesen werden; sie aus ihren Beispielen neu lernen lassen.',
  stateOfOtherModel:
    'Das Gelernte der Klasse stammt von einem anderen Modell; sie aus ihren Beispielen neu lernen lassen.',
  supportNotAccepted:
    '{{class}} in {{image}} ist nur ein Vorschlag. Ihn bestätigen oder korrigieren, bevor er ein Beispiel wird.',
  supportNotMask: '{{class}} in {{image}} hat keine Pixel zum Lernen. Erst malen, dann als Beispiel verwenden.',
  tileOutside: 'Dieser Teil liegt außerhalb des Bildes. Die Seite neu laden.',
  tokenRefused:
    'Diese Seite gehört zu einem früheren Start von Exemplar Studio. Die zuletzt ausgegebene Adresse öffnen.',
  tooFewSupports: '{{message}}',
  tooManyClasses:
    'Maskenbilder fassen {{most}} Klassen, dieses Projekt hat {{count}}. Stattdessen als COCO exportieren.',
  unknownCall: 'Den Aufruf „{{call}}“ gibt es nicht; die Seite neu laden.',
  uploadDiskFull:
    'Der Datenträger ist voll: {{file}} konnte nicht übernommen werden, und von diesem Hochladen wurde nichts behalten; Platz schaffen, dann die Dateien noch einmal ablegen.',
  uploadNameTooLong: 'Der Pfad {{file}}… ist zu lang zum Hochladen; stattdessen aus seinem Ordner importieren.',
  uploadNameUnusable:
    '„{{file}}“ kann unter diesem Namen nicht übernommen werden; die Datei oder ihren Ordner umbenennen, dann noch einmal ablegen.',
  uploadTooLarge:
    '{{file}} ist größer als die {{limit}} Byte, die hochgeladen werden können; stattdessen aus dem Ordner importieren.',
  uploadTooMany:
    'Mehr als {{limit}} Dateien lassen sich nicht auf einmal hochladen; stattdessen ihren Ordner importieren.',
  uploadUnfinished: 'Eine Datei dieses Hochladens ist noch unterwegs; darauf warten.',
  uploadUnknown: 'Dieses Hochladen ist beendet; die Dateien noch einmal ablegen.',
  uploadUnreadable:
    'Der Browser konnte {{file}} nicht lesen; prüfen, ob die Datei noch da und lesbar ist, dann noch einmal ablegen.',
  uploadUnwritable:
    '{{file}} konnte nicht übernommen werden ({{reason}}), und von diesem Hochladen wurde nichts behalten; den Ordner für temporäre Dateien prüfen.',
  uploadsBusy: 'Anderes wird noch hochgeladen; warten, bis davon etwas fertig ist.',
  versionAltered:
    'Was die Klasse „{{name}}“ in Version {{number}} gelernt hat, ist in der Projektdatenbank beschädigt oder fehlt; eine andere Version wiederherstellen oder neu lernen lassen.',
  versionExists: 'Diese Version ist schon gespeichert; verändert wurde nichts.',
  versionNotFound: 'Diese Version ist nicht mehr im Projekt; eine andere aus der Liste wählen.',
  versionOfOtherClass: 'Diese Version gehört zu einer anderen Klasse; eine aus der Liste dieser Klasse wählen.',
  versionOfOtherModel:
    'Die Klasse {{class}} hat mit einem anderen Modell gelernt als dem, das in Gebrauch ist. Mit „Neu lernen“ lernt sie aus ihren Beispielen neu.',
  versionParent: 'Die Vorgängerin einer Version von „{{name}}“ gehört zu einer anderen Klasse.',
  versionSupports: 'Eine Version von „{{name}}“ nennt andere Beispiele, als sie enthält; die Klasse neu lernen lassen.',
  vocClassesUnknown:
    '{{file}} lässt sich ohne labelmap.txt nicht lesen: {{reason}}. Eine in {{folder}} legen, mit einer Zeile wie „Schraube:128,0,0::“ je Klasse.',
  vocClassName:
    'labelmap.txt kann den Klassennamen „{{name}}“ nicht enthalten: Eine Zeile, die mit # beginnt, ist ein Kommentar. Die Klasse umbenennen oder als COCO exportieren.',
  vocFolderEmpty:
    '{{folder}} ist kein Pascal-VOC-Datensatz: Annotations, SegmentationClass und SegmentationObject enthalten keine Dateien, und neben Bildern liegt kein XML. Den Ordner angeben, der diese enthält.',
  vocXmlInvalid:
    '{{file}} enthält oben kein <annotation>, ist also keine Pascal-VOC-Datei. Sie weglassen oder neu schreiben.',
  xmlEncoding:
    '{{file}} lässt sich nicht als Text lesen: {{reason}}. Die Datei als UTF-8 speichern oder ihre Kodierung in der XML-Deklaration nennen.',
  xmlInvalid:
    '{{file}} ist in Zeile {{line}}, Spalte {{column}} kein gültiges XML ({{reason}}). Dort berichtigen oder die Datei neu schreiben.',
  yoloDataInvalid: '{{file}} beschreibt keinen YOLO-Datensatz: {{reason}}. Dort berichtigen.',
  yoloDataMissing:
    '{{folder}} enthält keine data.yaml, in der die Klassen eines YOLO-Datensatzes stehen; den Ordner mit ihr oder die Datei selbst wählen.',
}
