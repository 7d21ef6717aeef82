// Package journal records which portions of a distributed run are done. Workers on many machines
// append to journals on a filesystem that all of them share; drivers and workers replay the
// journals, and believe nothing else.
//
// # Contract
//
// There is one file per attempt, and one writer per file, so that nothing is locked and no two
// machines append to the same file. A record counts when its frame is complete: the header has the
// right CRC-32C, the plan is the reader's, and the file is long enough for the payload. What a
// writer that died has left at the end of its file counts for nothing, and makes nothing else
// invalid. [Writer.Append] returns when its records are on disk; a caller that has synced the
// portion's output before has then a portion that survives the machine.
//
// All records of a portion must say the same, of whatever generation and attempt; [Log.Conflict] is
// the first pair that does not. A revoked portion keeps this rule: what takes the place of a bad
// output must have the CRC-32C that the bad output should have had.
//
// What a [Log] says of portions depends on the files alone, never on when or in which order they
// were read, but for two things: which of several conflicts is the first, and that a file is left
// alone once its attempt has ended. Which attempts live it tells by what is new in their files
// since it has looked last, and not by the clocks of their hosts.
//
// The methods of a [Writer] may be called at the same time, and so may those of a [Log], except
// Refresh and Close, which need it for themselves.
//
// Whoever starts on a run of very many attempts need not read what all of them have said:
// [Log.Borrow] takes it from a snapshot, which [Log.Condense] has written, and [Log.Follow] looks
// at what is new. A snapshot is never believed over a journal: [Log.Refresh] reads the journals
// that it is of, and has to be called before anything is published. Then the above holds of what
// the log says. Until then borrowed portions are done or not, with their generations, and that is
// all: they have no Entry, nothing of theirs is compared, and their attempts are not among
// Attempts. A snapshot that is damaged, torn, or of another plan is ignored, with a line to
// [Log.OnNote].
//
// Claims say who is at work on what, so that others begin with something else. They are hints: a
// portion that two have claimed is computed twice, to the same bytes.
//
// # Memory
//
// A Log has 40 bytes per portion, some hundred bytes per file that it has read, 8 per journal that
// it has borrowed, and a buffer of at most 1 MiB; a Writer a buffer of 256 KiB. While a snapshot is
// read or written it takes 64 MiB at most, and 50 bytes per portion. Nothing that is read from a
// journal makes it more, but for a payload that is asked for.
//
// # Format
//
// A journal is named "<index>.<host>.<16 hexadecimal digits>.journal", and is a sequence of frames
// without gaps. A frame is a header of 64 bytes and a payload; all numbers are little-endian.
//
//	┌────────────────────────────┬──────────────┬───────────────────┬────────────────────────┐
//	│  0  magic "lnpyjrn1" <8>   │  8  kind <1> │  9  zeros <3>     │ 12  generation <4>     │
//	├────────────────────────────┴──────────────┴───────────────────┴────────────────────────┤
//	│ 16  plan id, its first 16 bytes <16>                                                   │
//	├────────────────────────────┬──────────────────────────────────┬────────────────────────┤
//	│ 32  portion <8>            │ 40  CRC-32C of the output <4>    │ 44  of the payload <4> │
//	├────────────────────────────┼──────────────────────────────────┼────────────────────────┤
//	│ 48  payload length <8>     │ 56  seconds since 1970 <4>       │ 60  of 0 to 59 <4>     │
//	├────────────────────────────┴──────────────────────────────────┴────────────────────────┤
//	│ 64  payload <payload length>                                                           │
//	└────────────────────────────────────────────────────────────────────────────────────────┘
//
//	kind  means                 portion  generation  payload
//	 A    attempt, comes first  0        0           JSON, see Attempt; at most 64 KiB
//	 P    portion done          yes      yes         states of its blocks; 0 to MaxPayload bytes
//	 S    portion done          yes      yes         none: removed; the header is that of P
//	 R    revoke                yes      yes         none
//	 C    claim                 first    0           none; at 40, for the CRC, how many portions
//	 E    end of the attempt    0        0           JSON, see End; at most 64 KiB
//
// R says that the portion's records of lower generations do not count as done, wherever they are:
// somebody has found other bytes on disk than were recorded. E ends the file: what follows is not
// looked at. On a disk that is full it takes the place of what was not written as a whole.
//
// A reader skips frames of other plans and of kinds it does not know, frames whose bytes 9 to 11
// are not zero, and portions, generations and payload lengths out of range. At a header with a
// wrong CRC, or a payload that the file is too short for, it stops in that file, since nothing
// behind can be known to be a frame; the next look tries the same place again, for on NFS
// a file can be long before its bytes are there. A payload is checked when it is asked for. JSON
// that cannot be read makes an attempt unknown, and is no error.
//
// The file "snapshot" beside them is replaced as a whole. It has a header of 64 bytes and a body:
//
//	┌────────────────────────────┬───────────────────────────────────────────────────────────┐
//	│  0  magic "lnpysnp1" <8>   │  8  zeros <8>                                             │
//	├────────────────────────────┴───────────────────────────────────────────────────────────┤
//	│ 16  plan id, its first 16 bytes <16>                                                   │
//	├────────────────────────────┬────────────────────────┬────────────────┬─────────────────┤
//	│ 32  length of the body <8> │ 40  CRC-32C of it <4>  │ 44  zeros <16> │ 60  of 0 to 59  │
//	├────────────────────────────┼────────────────────────┴────────────────┴─────────────────┤
//	│ 64  journals, n <8>        │ 72  FNV-1a of each name, ascending <8n>                   │
//	├────────────────────────────┴───────────────────────────────────────────────────────────┤
//	│     runs of portions, four unsigned varints each, to the end                           │
//	└────────────────────────────────────────────────────────────────────────────────────────┘
//
// A run says how many portions lie between it and the one before, how many it has, one more than
// the highest generation of their records or 0 for none, and the lowest generation that counts: the
// highest to which they were revoked. Portions of which there is neither are in no run. Of what two
// snapshots or journals say of a portion the higher of each number counts.
package journal
