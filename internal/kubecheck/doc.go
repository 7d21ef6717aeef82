// Package kubecheck holds what judges the Jobs of package distributed/kubernetes: the control plane
// itself. Its tests pass manifests through the strict decoding, the defaults and the validation of
// the API server, of the pinned version of Kubernetes. The script run.sh goes further: it builds a
// control plane and a node from the same modules, starts them on this machine and has workers
// killed while a Job runs. It is a module of its own, so that users of the library never see what
// it needs:
//
//	cd internal/kubecheck && GOWORK=off go test ./...
//	internal/kubecheck/run.sh
//
// The tests need the Go module proxy when run first, and then nothing. The script needs Linux, root
// and Debian's etcd, containerd, runc and network plugins, which it installs.
package kubecheck
