package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// The limits of AWS Batch.
const (
	awsMaxShares   = 10_000
	awsMaxAttempts = 10
	awsMinTimeout  = time.Minute
)

// AWSOptions is what a request to AWS Batch names. Queue and Definition must be set.
type AWSOptions struct {
	Queue string // job queue, a name or an ARN
	// job definition whose image starts the program and whose volumes are those of the plan
	Definition string
	Attempts   int // how often a worker is started, 1 to 10; default 10
	// limit of one attempt, at least a minute; default: that of the definition
	Time time.Duration
}

// The types of the SubmitJob request, as far as they are used.
type (
	awsRequest struct {
		JobName            string       `json:"jobName"`
		JobQueue           string       `json:"jobQueue"`
		JobDefinition      string       `json:"jobDefinition"`
		ArrayProperties    *awsArray    `json:"arrayProperties,omitempty"`
		ContainerOverrides awsOverrides `json:"containerOverrides"`
		RetryStrategy      awsRetry     `json:"retryStrategy"`
		Timeout            *awsTimeout  `json:"timeout,omitempty"`
	}
	awsArray struct {
		Size int `json:"size"`
	}
	awsOverrides struct {
		Command     []string     `json:"command"`
		Environment []awsSetting `json:"environment,omitempty"`
	}
	awsSetting struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	awsRetry struct {
		Attempts       int            `json:"attempts"`
		EvaluateOnExit []awsCondition `json:"evaluateOnExit"`
	}
	awsCondition struct {
		OnExitCode string `json:"onExitCode"`
		Action     string `json:"action"`
	}
	awsTimeout struct {
		AttemptDurationSeconds int64 `json:"attemptDurationSeconds"`
	}
)

// AWSBatch is a request for `aws batch submit-job --cli-input-json file://request.json`. The
// container gets the arguments of the worker; its program is the entrypoint of the image in the job
// definition, where cores, memory and the shared filesystem are stated, too. At most 10000 workers.
func AWSBatch(r distributed.Round, o AWSOptions) ([]byte, error) {
	if o.Attempts == 0 {
		o.Attempts = awsMaxAttempts
	}
	if err := o.check(r); err != nil {
		return nil, err
	}
	q := awsRequest{
		JobName:            jobName(r),
		JobQueue:           o.Queue,
		JobDefinition:      o.Definition,
		ContainerOverrides: awsOverrides{Command: r.Command[1:]},
		RetryStrategy: awsRetry{
			Attempts:       o.Attempts,
			EvaluateOnExit: []awsCondition{{OnExitCode: fmt.Sprint(distributed.ExitRefused), Action: "EXIT"}},
		},
	}
	if r.Shares > 1 {
		q.ArrayProperties = &awsArray{Size: r.Shares}
	} else {
		// An array of one is refused, and names that begin with AWS_BATCH are reserved.
		q.ContainerOverrides.Environment = []awsSetting{{"JOB_COMPLETION_INDEX", "0"}}
	}
	if o.Time > 0 {
		q.Timeout = &awsTimeout{minutes(o.Time) * 60}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(q); err != nil {
		return nil, fmt.Errorf("batch: encoding the request: %w", err)
	}
	return out.Bytes(), nil
}

func (o AWSOptions) check(r distributed.Round) error {
	switch {
	case o.Queue == "" || o.Definition == "":
		return errors.New("batch: AWS Batch needs a queue and a job definition")
	case r.Shares > awsMaxShares:
		return fmt.Errorf("batch: %d workers: AWS Batch takes at most %d", r.Shares, awsMaxShares)
	case o.Attempts < 1 || o.Attempts > awsMaxAttempts:
		return fmt.Errorf("batch: %d attempts: want 1 to %d", o.Attempts, awsMaxAttempts)
	case o.Time != 0 && o.Time < awsMinTimeout:
		return fmt.Errorf("batch: time limit %v: AWS Batch wants at least %v", o.Time, awsMinTimeout)
	}
	return check(r, Options{Time: o.Time})
}
