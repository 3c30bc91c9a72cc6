// Every forwarder there is, held to the same promises.
import { createSlirp4netns } from '../../portwrap/index.ts';
import { describeForwarder } from './forwarder.ts';

describeForwarder('slirp4netns', createSlirp4netns);
