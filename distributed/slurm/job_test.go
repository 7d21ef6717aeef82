//go:build unix

package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// submitted is a job of a fake, and that forgets the submission.
func submitted(t *testing.T, f *fake, e Engine) distributed.Job {
	t.Helper()
	j, err := e.Submit(t.Context(), round(t.TempDir(), 3))
	if err != nil {
		t.Fatal(err)
	}
	f.questions()
	return j
}

const (
	squeue  = "squeue --noheader --jobs=4711 --name=" + name + " --states=all --format=%T|%r"
	scancel = "scancel --name=" + name + " 4711"
	gone    = "slurm_load_jobs error: Invalid job id specified\n"
	away    = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"
	held    = "PENDING|launch failed requeued held\n"
)

func TestPoll(t *testing.T) {
	f := newFake(t)
	j := submitted(t, f, Engine{Poll: 1})
	for _, c := range []struct {
		says  answer
		want  distributed.State
		err   string
		stuck bool // and cancelled
	}{
		{says: answer{Out: "PENDING|Priority\n"}, want: distributed.Active},
		{says: answer{Out: "RUNNING|None\nCOMPLETED|None\n"}, want: distributed.Active},
		{says: answer{Out: "COMPLETING|None\n"}, want: distributed.Active},
		{says: answer{Out: "CONFIGURING|None\n"}, want: distributed.Active},
		{says: answer{Out: "SUSPENDED|None\n"}, want: distributed.Active},
		{says: answer{Out: "A_STATE_OF_LATER_VERSIONS|None\n"}, want: distributed.Active},
		{says: answer{Out: "PENDING|BeginTime\n"}, want: distributed.Active},
		// their journals have more to say
		{says: answer{Out: "COMPLETED|None\nFAILED|NonZeroExitCode\n"}, want: distributed.Idle},
		{says: answer{Out: "CANCELLED|None\nTIMEOUT|TimeLimit\nTIMEOUT|TimeLimit\nNODE_FAIL|None\n"}, want: distributed.Idle,
			err: "cancelled: slurm: 1 workers CANCELLED (by a user or an administrator), 1 workers NODE_FAIL (their nodes failed), 2 workers TIMEOUT (more than --time)"},
		{says: answer{Out: "PREEMPTED|None\nBOOT_FAIL|None\nDEADLINE|None\nREVOKED|None\n"}, want: distributed.Idle, err: "1 workers BOOT_FAIL"},
		{says: answer{Out: "OUT_OF_MEMORY|None\nCOMPLETED|None\n"}, want: distributed.Idle, err: "slurm: 1 workers OUT_OF_MEMORY (more than --mem"},
		// An id that another job has now, or of a cluster that prints its name.
		{says: answer{}, want: distributed.Idle},
		{says: answer{Out: "CLUSTER: west\n"}, want: distributed.Idle},
		{says: answer{Err: gone, Code: 1}, want: distributed.Idle},
		// What people hold is theirs.
		{says: answer{Out: "PENDING|JobHeldUser\n"}, want: distributed.Active},
		{says: answer{Out: "PENDING|JobHeldAdmin\n"}, want: distributed.Active},
		{says: answer{Out: "REQUEUE_HOLD|job requeued in held state\nSPECIAL_EXIT|job requeued in held state\n"}, want: distributed.Active},
		// What Slurm holds will not run.
		{says: answer{Out: held + "RUNNING|None\n"}, want: distributed.Active},
		{says: answer{Out: held + "COMPLETED|None\n"}, want: distributed.Idle, stuck: true},
		{says: answer{Out: "PENDING|launch_failed_requeued_held\n"}, want: distributed.Idle, stuck: true},
		{says: answer{Out: "PENDING|JobHoldMaxRequeue\n"}, want: distributed.Idle, stuck: true},
		// Who does not answer says nothing.
		{says: answer{Err: away, Code: 1}, err: "slurm: squeue: slurm_load_jobs error: Unable to contact slurm controller (connect failure) (exit status 1)"},
		{says: answer{Out: "COMPLETED|None\n", Err: away, Code: 1}, err: "Unable to contact"},
		{says: answer{Out: "RUNNING|None\n", Err: away, Code: 1}, err: "Unable to contact"},
		{says: answer{Err: "squeue: error: If munged is up, restart with --num-threads=10\n", Code: 1}, err: "munged"},
		{says: answer{Code: 1}, err: "slurm: squeue: exit status 1"},
		{says: answer{Out: "COMPLETED|None\n", Long: 400_000}, err: "longer than 4 MiB"},
		{says: answer{Out: "RUNNING|None\n", Long: 400_000}, want: distributed.Active},
	} {
		f.answers("squeue", c.says)
		s, err := j.Poll(t.Context())
		said := fmt.Sprint(err)
		if s != c.want || (c.err == "") != (err == nil) || !strings.Contains(said, c.err) || strings.Contains(said, "\n") {
			t.Errorf("squeue says %.200v: Poll = %v, %v, want %v, %s", c.says, s, err, c.want, c.err)
		}
		want := []string{squeue}
		if c.stuck {
			want = append(want, scancel)
		}
		f.asked(want...)
	}
}

func TestPollDoesNotGiveUpHeldJobsThatItCannotCancel(t *testing.T) {
	f := newFake(t)
	j := submitted(t, f, Engine{Poll: 1})
	f.answers("squeue", answer{Out: held + held})
	f.answers("scancel", answer{Err: "scancel: error: Kill job error: Unable to contact slurm controller\n", Code: 1}, answer{})
	s, err := j.Poll(t.Context())
	if s != distributed.Unknown || err == nil || !strings.Contains(err.Error(), "cancelling 2 held jobs: slurm: scancel") {
		t.Errorf("Poll = %v, %v", s, err)
	}
	if s, err := j.Poll(t.Context()); s != distributed.Idle || err != nil {
		t.Errorf("Poll = %v, %v", s, err)
	}
}

func TestPollAsksOfTheCluster(t *testing.T) {
	f := newFake(t)
	f.answers("sbatch", answer{Out: "4711;west\n"})
	f.answers("squeue", answer{})
	j := submitted(t, f, Engine{Poll: 1})
	if _, err := j.Poll(t.Context()); err != nil {
		t.Error(err)
	}
	f.asked(strings.Replace(squeue, "squeue", "squeue --clusters=west", 1))
}

func TestPollSpacesItsQuestions(t *testing.T) {
	f := newFake(t)
	slow := submitted(t, f, Engine{}).(*job)
	f.answers("squeue", answer{Err: away, Code: 1}, answer{})
	for range 3 { // after the submission
		if s, err := slow.Poll(t.Context()); s != distributed.Active || err != nil {
			t.Errorf("Poll = %v, %v", s, err)
		}
	}
	f.asked()
	slow.asked = time.Now().Add(-DefaultPoll)
	for range 3 {
		if s, err := slow.Poll(t.Context()); s != distributed.Unknown || err == nil {
			t.Errorf("Poll = %v, %v", s, err)
		}
	}
	f.asked(squeue)
	slow.asked = time.Now().Add(-DefaultPoll)
	if s, err := slow.Poll(t.Context()); s != distributed.Idle || err != nil {
		t.Errorf("Poll = %v, %v", s, err)
	}
	f.asked(squeue)
}

func TestPollWithAnEndedContext(t *testing.T) {
	f := newFake(t)
	j := submitted(t, f, Engine{Poll: 1})
	f.answers("squeue", answer{Out: "RUNNING|None\n"})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := j.Poll(ended); s != distributed.Unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("Poll = %v, %v", s, err)
	}
	if s, err := j.Poll(t.Context()); s != distributed.Active || err != nil {
		t.Errorf("Poll = %v, %v", s, err)
	}
}

func TestCancel(t *testing.T) {
	f := newFake(t)
	j := submitted(t, f, Engine{})
	byName := fmt.Sprintf("scancel --user=%d --name=%s", os.Getuid(), name)
	for _, c := range []struct {
		says answer
		want string
	}{
		{answer{}, ""},
		{answer{Err: "scancel: error: Kill job error on job id 4711: Invalid job id specified\n", Code: 1}, ""},
		{answer{Err: "scancel: error: Kill job error on job id 4711: Job/step already completing or completed\n", Code: 1}, ""},
		{answer{Err: away, Code: 1}, "Unable to contact"},
	} {
		f.answers("scancel", c.says)
		for _, err := range []error{j.Cancel(t.Context()), Engine{}.Cancel(t.Context(), name)} {
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("scancel says %v: Cancel = %v, want %s", c.says, err, c.want)
			}
		}
		f.asked(scancel, byName)
	}
}

func TestCommandsThatHang(t *testing.T) {
	f := newFake(t)
	e := Engine{Poll: 1}
	j := submitted(t, f, e).(*job)
	e.timeout = 200 * time.Millisecond
	j.engine = e
	for _, command := range []string{"sbatch", "squeue", "scancel"} {
		f.answers(command, answer{Hang: true})
	}
	_, submit := e.Submit(t.Context(), round(t.TempDir(), 1))
	s, poll := j.Poll(t.Context())
	if s != distributed.Unknown {
		t.Errorf("Poll = %v", s)
	}
	for want, err := range map[string]error{
		"slurm: sbatch: no answer within 200ms; the job may have been submitted all the same": submit,
		"slurm: squeue: no answer within 200ms":                                               poll,
		"slurm: scancel: no answer within 200ms":                                              j.Cancel(t.Context()),
	} {
		// The caller's time is not over.
		if err == nil || err.Error() != want || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
