// Package kubernetes runs the workers of package distributed as an Indexed Job of Kubernetes, one
// pod per worker. It writes the manifest itself and hands it to kubectl, which knows the cluster
// and how to log in; it needs no client library, and what [Engine.Manifest] prints can as well be
// committed, queued by Kueue or run by Argo.
//
//	e := kubernetes.Engine{
//		Image:   "registry.example.org/lazynpy:1",
//		Volumes: []kubernetes.Volume{{Claim: "scans", Mount: "/data"}},
//	}
//	err := distributed.Run(ctx, plan, e, distributed.RunOptions{})
//
// # What the cluster must have
//
// Kubernetes 1.33 or newer, where a Job counts failures per index; a namespace in which the user of
// kubectl may create, get, list and delete Jobs, and list pods; and a volume that all pods and the
// driver share, ReadWriteMany for pods on more than one node: NFS, CephFS, Lustre, EFS, Filestore.
// The run directory, the inputs, the files that operations read and the outputs must have the same
// paths in the pods as where the plan was made; a file that is in no volume, or is written and in a
// read-only one, is an error before anything is submitted. Links are followed as pods would. Object
// storage behind a mount is not enough, since workers write into the middle of files.
//
// # What the Job promises
//
// A pod that fails is replaced, after a delay that doubles from 10 seconds to 6 minutes, until its
// index has failed [Engine.BackoffLimitPerIndex] times. A pod that ends with
// [distributed.ExitRefused] is not replaced, nor is one that SIGKILL has ended, as for want of
// memory: what it has not done is for the next round. When a Job has ended, the driver is told why
// pods have failed. and one that was evicted or pre-empted, or whose node was drained, does not
// count. An index is not started again before its last pod has ended, as far as the control plane
// knows: an index on a node that does not answer waits until the node is back or is removed, and
// when it was only cut off, two pods of one index may run for a while.
//
// A pod that cannot start, because its image is missing or no node has room for it, keeps the Job
// active; look with
//
//	kubectl describe pods -l lazynpy/run=NAME
//
// Pods state what they need, and may use no more: [DefaultCPU] and [DefaultMemory] unless the
// engine says otherwise. They have no capabilities, no token, and a root filesystem that is
// read-only; workers write to volumes only. The Dockerfile beside this package makes their image.
// [Engine.Patch] has room for all that the other fields have not.
//
// A Job and its pods are deleted a day after it has ended. The last pod of a run publishes its
// outputs.
package kubernetes
