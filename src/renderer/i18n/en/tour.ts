export const tour = {
  title: 'Guided tour',
  progress: 'Step {{at, number}} of {{of, number}}',
  skip: 'Skip this step',
  leave: 'Leave the tour',
  finish: 'Close',
  noClass: 'the first class',
  steps: {
    open: {
      title: 'Open a picture',
      text: 'Double-click the first one, or press Enter.',
    },
    outline: {
      title: 'Outline “{{name}}”',
      text: 'Paint each one in this picture with the brush. A ring is once around; its hole stays free. Ctrl+Z takes a stroke back.',
    },
    use: {
      title: 'Use it as an example',
      text: 'The studio learns from it what “{{name}}” looks like. Another picture or two make it surer.',
    },
    segment: {
      title: 'Segment the other pictures',
      text: 'Press Segment, then Start. Every picture gets a proposal, on this machine alone.',
    },
    review: {
      title: 'Look at the proposals',
      text: 'In the gallery, accept all at once, or open one: correct it with brush and eraser, then accept it.',
    },
    export: {
      title: 'Export',
      text: 'Writes a COCO file beside the project, reads it back and compares every mask with yours.',
    },
    done: {
      title: 'That was the whole job',
      text: 'Correct a few proposals and press Learn to make the rest better, or begin with pictures of your own.',
    },
  },
  command: { start: 'Guided tour' },
} as const
