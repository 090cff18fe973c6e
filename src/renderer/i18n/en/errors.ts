/**
 * Sentences for `AppError.key`; `test/error-sentences.test.ts` keeps them complete. Where an error has several sentences
 * of its own, or names more than its parameters, it speaks for itself: `{{message}}` is what it says in English.
 */
export const errors = {
  classTableInvalid: '{{file}} does not tell the classes: {{reason}}. Correct it.',
  colourTableMissing:
    '{{file}} holds colours, and nothing says which class each of them is. Put a label_colors.txt beside the masks, with a line like "255 0 0 bolt" for every class.',
  formatAmbiguous: '{{file}} holds several data sets: {{list}}. Choose one of them, or say which format it is.',
  formatFolderNeeded: 'This file is part of a data set in the format {{format}}; choose its folder {{folder}} instead.',
  formatPacked: '{{file}} is packed. Unpack it, and choose the folder that comes out of it.',
  formatUnknown:
    '{{file}} shows no format that is known here. Choose the file or folder that holds the annotations, or say which format it is.',
  maskIsPhotograph:
    '{{file}} holds more than {{count, number}} different colours, so it is a photograph and no mask. Give the folder of the masks.',
  masksFolderUnclear: '{{file}} is no folder of class masks: there is {{reason}}.',
  objectsFolderUnclear:
    '{{folder}} is no folder with one PNG an object: it has neither a manifest.json nor files like IMAGE/1_CLASS.png. Give the folder that holds these.',
  objectsManifestInvalid:
    '{{file}} is not the manifest of a folder with one PNG an object: it does not begin with "format": "png-objects". Import the folder as what it is, or take the manifest away to read it by its folders.',
  textTooLong:
    '{{file}} has {{megabytes}} MB, and a file of this kind has {{limit}} at most. Check that it is the right one.',
  unexpected: 'Something went wrong inside Exemplar Studio. Nothing saved is lost; reload the page.',
  reference: '(Log reference {{ref}}.)',
  annotationNotFound: 'That object is not in the project any more. The list beside the image shows what is there now.',
  badAnswer: 'The answer to {{call}} could not be read. Reload the page.',
  badRequest: '{{message}}',
  badTransport: '{{message}}',
  batchNotFound: 'That import is not in the project any more; import the images again.',
  callIdInUse: 'This is being done already; wait until it has finished.',
  cancelled: 'Cancelled.',
  changeEmpty: 'There was nothing to change, so nothing was stored.',
  changeImpossible:
    'The change does not fit the project as it is now ({{problem}}), so nothing was stored. Reload the page and do it again.',
  changeInvalid: 'The change could not be read ({{problem}}), so nothing was stored. Reload the page and do it again.',
  classCycle: 'The class “{{name}}” cannot be below itself; choose another class to put it under.',
  classInUse:
    'The class “{{name}}” is still in use and cannot be deleted alone. Delete its annotations and examples first, or give them another class.',
  classMergeSelf: 'The class “{{name}}” cannot be merged into itself; choose another one.',
  className: 'A class needs a name of 1 to 200 characters; choose another one.',
  classNameTaken: 'There is a class named “{{name}}” already; choose another name.',
  classNotFound: 'That class is not in the project any more; choose another one.',
  classWithoutExamples: 'Class {{class}} has no examples yet. Outline it in one image and use it as an example.',
  cocoImageIdTwice: '{{message}}',
  orientationUnsupported:
    'The format {{format}} has its masks as displayed; export {{others}} for upright copies or stored pixels.',
  uprightDepth:
    '{{file}} is a TIFF of 16 bits, which cannot be written upright without losing half of them; turn it in another program or export its masks on the stored pixels.',
  uprightNeedsCopies: 'Upright pictures are new files: choose to copy or link the images into the export.',
  simplifyNeedsPolygons: 'Run lengths cannot be simplified: choose polygons, or leave simplifying out.',
  splitUnsupported: 'The format {{format}} is written as one; export {{others}} to split the images into subsets.',
  cocoInstancesMissing:
    '{{file}} is a results file and means images by number only; put the instances file it was made for beside it ({{wanted}}).',
  cocoNoResultsFile:
    '{{file}} is not a results file: a results file is one list of predictions. Import an instances file as coco.',
  cocoResultsFile:
    '{{file}} is a results file (a list of predictions), not a COCO instances file. Import it as coco-results, with its instances file beside it, or import an instances file.',
  cocoSectionMissing: '{{file}} has no list “{{section}}”, so it is not a COCO instances file; choose another file.',
  connectionLost: 'Exemplar Studio does not answer. Start it again and open the address it prints.',
  cvatInvalid: '{{file}} holds no images of CVAT; choose annotations.xml of an export as “CVAT for images 1.1”.',
  cvatTracks:
    '{{file}} holds tracks of a video, which have no images of their own; export the task as “CVAT for images 1.1”.',
  databaseBusy: 'The project database {{path}} is in use by another program; close that program and try again.',
  databaseDamaged: '{{message}}',
  databaseFromFuture:
    '{{path}} was written by a newer Exemplar Studio (schema {{found}}, this one knows {{known}}); update Exemplar Studio to open it, nothing was changed.',
  databaseUnwritable: '{{message}}',
  diskFull: 'The disk is full: {{path}} could not grow, nothing was changed; free some space and try again.',
  dropUnreadable:
    '{{name}} could not be read by the browser; check that it is still there and readable, then drop it again.',
  emptyMask: 'The outlined region is empty or too small to learn from; outline a larger example.',
  episodeImageMissing: '{{message}}',
  exportBusy: '{{message}}',
  exportDiffers: '{{message}}',
  exportDisturbed: '{{message}}',
  exportOccupied: '{{message}}',
  exportUnwritable: '{{message}}',
  fileMalformed: '{{message}}',
  fileUnreadable: '{{message}}',
  fileWithoutPath: 'What was dropped is no file on this computer; save it to a folder first, then drop it from there.',
  fileUnwritable: "{{file}} cannot be written ({{reason}}); check the folder's permissions and free space.",
  folderNotCreated: 'The folder {{path}} could not be made; choose another place.',
  foreignCaller: '{{message}}',
  hashInvalid: '“{{hash}}” is not a hash. Reload the page.',
  httpStatus: 'Exemplar Studio answered with status {{status}}. Reload the page.',
  imageChanged:
    '{{file}} holds another picture than when it was added; put the original back, or add the new one under another name.',
  imageCrashesDecoder: '{{file}} makes the image decoder stop, so it was left out; save it anew with another program.',
  imageDamaged:
    '{{file}} is damaged and cannot be decoded ({{reason}}); copy it again from its source or save it anew.',
  imageEmpty: '{{file}} is empty (0 bytes); copy it again from its source.',
  imageGone: '{{file}} was moved or deleted: {{path}} is not there any more; put it back there, then try again.',
  imageNotFound: 'That image is not in the project any more. The gallery shows what is there now.',
  imageSamples:
    '{{file}} holds samples of type {{depth}}, which have no defined black and white; save it with 8 or 16 bits a channel.',
  imageTooLarge:
    '{{file}} has {{width}} x {{height}} pixels, more than the {{limit}} that can be opened; scale it down or cut it into parts.',
  imageUnsupported:
    '{{file}} is not a JPEG, PNG, WebP or TIFF picture, whatever its name says; convert it to one of these.',
  importClash:
    'The import cannot be shown again: the project now holds another image with the name or content of {{name}}.',
  indexImageUnsupported:
    '{{file}} cannot be read as a class mask: {{reason}}; save it as an 8-bit grey or palette PNG.',
  internal: 'Something went wrong inside Exemplar Studio; your saved work is not affected. Try it again.',
  jobEnded: 'This job is {{state}} already; start a new one.',
  jobItemNotFound: 'That image is not part of this job any more; start a new job for it.',
  jobNotFound: 'That job is not in the project any more; start a new one.',
  jsonInvalid:
    '{{file}} is not valid JSON at line {{line}}, column {{column}}. Write the file again or repair it there.',
  labelTooLarge:
    '{{file}} has {{width}}×{{height}} pixels, more than any image of the project. Save it at the size of its image, or add the image first.',
  labelmeMissing: '{{folder}} holds no .json files of labelme; choose the folder that has them.',
  manifestInvalid: '{{message}}',
  maskOutsideImage:
    'The mask reaches outside the image of {{width}} x {{height}} pixels, so it was not stored. Draw it again inside the image.',
  maskRunsInvalid: 'The mask data is damaged ({{problem}}), so it was not used. Draw the mask again.',
  maskSize: '{{message}}',
  maskTileEmpty:
    'The mask tile ({{x}}, {{y}}) holds no pixels, so nothing was stored. Reload the page and do it again.',
  mediaUnknown: 'There is nothing at this address. Reload the page.',
  modelBackbone:
    'The model {{model}} was trained on the backbone {{wanted}}, not on {{found}}; put both into one models folder.',
  modelFault:
    'The model file {{path}} cannot be used: {{fault}}. Export the model anew, or choose another predictor in the settings.',
  modelManifestInvalid:
    'The model manifest {{path}} is damaged or of another version; restore the models folder of this version.',
  modelMismatch:
    'The model file {{path}} is not the one its manifest describes (other SHA-256); restore the models folder of this version.',
  modelMissing: 'The model file {{path}} cannot be read; restore the models folder of this version.',
  modelNotListed:
    'The model manifest {{path}} does not list {{model}}; restore the models folder of this version, or choose another predictor in the settings.',
  modelOutput: '{{message}}',
  modelNameTaken:
    'A model “{{name}}” was added already. Delete {{folder}} to add another one under this name, or give it another id in its manifest.',
  modelNameUnusable: '{{message}}',
  modelUnknown: 'There is no model “{{name}}”; choose another one in the settings: {{known}}.',
  modelsFolderMissing: 'The folder "models" with manifest.json is missing. Install Exemplar Studio again.',
  nameTaken: '{{name}} exists already; choose another name.',
  nameUnusable:
    '"{{name}}" cannot be the name of a folder or file; leave out / \\ : * ? " < > | and a dot at either end.',
  noAcceptedAnnotation: '{{message}}',
  noEpisodes: '{{message}}',
  noSystemDialog: 'A browser window cannot show a dialog of the system; go to the folder in the list instead.',
  noSupports: 'A class needs at least one example to learn from.',
  notAProject: '{{path}} is a database of another program; choose a folder with an Exemplar Studio project.',
  nothingHere: 'There is nothing at this address. Reload the page.',
  nothingLearnt: 'No class has examples yet. Outline one in an image and use it as an example.',
  pixelCount: '{{message}}',
  pixelSize: '{{message}}',
  placeGone: '{{name}} is not there any more; go back and look again.',
  placeOutside:
    '{{name}} lies outside the folders that may be opened. Choose another one, or start the program with --root and that folder.',
  placeUnknown: 'This folder was listed by an earlier start; open it again.',
  placeUnreadable: '{{name}} cannot be opened ({{reason}}); check its permissions.',
  polygonInvalid: '{{message}}',
  portUnavailable: '{{message}}',
  predictorUnknown: '{{message}}',
  preferencesUnwritable:
    "The settings hold until Exemplar Studio ends, but {{file}} cannot be written ({{reason}}); check the folder's permissions and free space.",
  processLost: '{{message}}',
  projectCopyOpen: '{{folder}} is a copy of the project that is open from {{other}}. Close that one, then try again.',
  projectExists: '{{path}} holds a project already; open it, or choose another folder.',
  projectInUse: 'The project in {{folder}} is open in another Exemplar Studio process. Close it there, then try again.',
  projectNameEmpty: 'A project needs a name; type one, then try again.',
  projectNotFound: '{{path}} is not a project folder: it holds no project.db.',
  projectNotOpen: 'This project is not open any more. Open it again from the welcome screen.',
  proposalExists: 'This proposal is stored already; nothing was changed.',
  proposalInvalid: 'The proposal {{id}} does not belong to image {{image}} and the classes of its job.',
  providerUnsupported: 'The provider {{provider}} does not run on this computer ({{reason}}); use auto or cpu.',
  providerVariable: 'EXEMPLAR_PROVIDER is "{{value}}"; set it to one of {{known}}.',
  recentUnknown: 'This project is not in the list of recent projects any more; open its folder instead.',
  requestLost: '{{message}}',
  requestTooLarge: 'The request "{{call}}" is larger than the {{maxBytes}} bytes it may have; do it in smaller parts.',
  rleInvalid: '{{message}}',
  rootNotFolder: '{{name}} is not a folder; name a folder to open.',
  runtimeMissing: 'The library onnxruntime cannot be loaded on this computer; reinstall the program for this platform.',
  staleChange: 'The {{what}} "{{name}}" has changed since this was begun; look at its newer state and do it again.',
  sampleMissing:
    'The sample project is not part of this installation ({{file}}). Install Exemplar Studio again, or begin with images of your own.',
  sampleUnreadable: '{{name}} of the sample project could not be copied: {{reason}}',
  stateDamaged: 'What the class has learnt cannot be read; learn it again from its examples.',
  stateOfOtherModel: 'What the class has learnt was made by another model; learn it again from its examples.',
  supportNotAccepted:
    'The {{class}} in {{image}} is only a proposal. Accept or correct it before you use it as an example.',
  supportNotMask: 'The {{class}} in {{image}} has no pixels to learn from. Paint it before you use it as an example.',
  tileOutside: 'That part lies outside the picture. Reload the page.',
  tokenRefused: 'This page belongs to an earlier start of Exemplar Studio. Open the address it printed last.',
  tooFewSupports: '{{message}}',
  tooManyClasses: 'Mask images hold {{most}} classes, this project has {{count}}. Export COCO instead.',
  unknownCall: 'There is no call "{{call}}"; reload the page.',
  uploadDiskFull:
    'The disk is full: {{file}} could not be received and nothing of this upload was kept; free some space, then drop the files again.',
  uploadNameTooLong: 'The path {{file}}… is too long to be uploaded; import it from its folder instead.',
  uploadNameUnusable: '"{{file}}" cannot be taken under this name; rename the file or its folder, then drop it again.',
  uploadTooLarge:
    '{{file}} is larger than the {{limit}} bytes that can be uploaded; import it from its folder instead.',
  uploadTooMany: 'More than {{limit}} files cannot be uploaded at once; import their folder instead.',
  uploadUnfinished: 'A file of this upload is still on its way; wait for it.',
  uploadUnknown: 'This upload has ended; drop the files again.',
  uploadUnreadable:
    '{{file}} could not be read by the browser; check that it is still there and readable, then drop it again.',
  uploadUnwritable:
    '{{file}} could not be received ({{reason}}) and nothing of this upload was kept; check the folder for temporary files.',
  uploadsBusy: 'Other uploads are still under way; wait for one of them to end.',
  versionAltered:
    'What the class "{{name}}" learnt in version {{number}} is damaged or missing in the project database; restore another version or learn again.',
  versionExists: 'This version is stored already; nothing was changed.',
  versionNotFound: 'That version is not in the project any more; choose another one from the list.',
  versionOfOtherClass: 'That version belongs to another class; choose one from the list of this class.',
  versionOfOtherModel:
    'Class {{class}} learnt with another model than the one in use. Press “Learn again” to learn it anew from its examples.',
  versionParent: 'The parent of a version of "{{name}}" is of another class.',
  versionSupports: '{{message}}',
  vocClassesUnknown:
    '{{file}} cannot be read without a labelmap.txt: {{reason}}. Put one into {{folder}}, with a line like "bolt:128,0,0::" for every class.',
  vocClassName:
    'labelmap.txt cannot hold the class name "{{name}}": a line that begins with # is a comment. Rename the class, or export COCO.',
  vocFolderEmpty:
    '{{folder}} is no Pascal VOC data set: it has no files in Annotations, SegmentationClass or SegmentationObject, nor XML beside its pictures. Give the folder that holds these.',
  vocXmlInvalid:
    '{{file}} holds no <annotation> at its top, so it is no Pascal VOC file. Leave it out, or write it again.',
  xmlEncoding:
    '{{file}} cannot be read as text: {{reason}}. Save it as UTF-8, or name its encoding in the XML declaration.',
  xmlInvalid:
    '{{file}} is not valid XML at line {{line}}, column {{column}} ({{reason}}). Correct it there, or write the file again.',
  yoloDataInvalid: '{{file}} does not describe a YOLO data set: {{reason}}. Correct it there.',
  yoloDataMissing:
    '{{folder}} holds no data.yaml, which names the classes of a YOLO data set; choose the folder that has it, or the file itself.',
} as const
