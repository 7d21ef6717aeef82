// Package cluster has the tests of distributed runs on a real Slurm cluster of four nodes, which
// .ci/minislurm.sh makes of namespaces of one machine: nodes lose power and network, workers are
// killed while they write, the controller crashes, and the answer is the same bit for bit. They are
// behind the build tag "slurm".
//
// Where there is no cluster, because the tests are not run by root or Slurm is not installed, they
// say so and run what local processes allow, unless LAZYNPY_REQUIRE_SLURM is set: then that is a
// failure.
package cluster
