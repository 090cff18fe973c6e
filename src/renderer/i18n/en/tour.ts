export const tour = {
  title: 'Guided tour',
  progress: 'Step {{at, number}} of {{of, number}}',
  skip: 'Skip this step',
  leave: 'Leave the tour',
  finish: 'Close',
  steps: {
    open: {
      title: 'Open a picture',
      text: 'Double-click the first one, or press Enter. It shows a few washers.',
    },
    outline: {
      title: 'Outline the washers',
      text: 'Drag the brush once around each washer of this picture; the hole stays free. Ctrl+Z takes a stroke back.',
    },
    use: {
      title: 'Use it as an example',
      text: 'From this outline the studio learns what a washer looks like. Another picture or two make it surer.',
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
