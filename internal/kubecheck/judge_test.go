package kubecheck

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	jobs "k8s.io/kubernetes/pkg/api/job"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/batch/install"
	"k8s.io/kubernetes/pkg/apis/batch/validation"
	core "k8s.io/kubernetes/pkg/apis/core/install"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// judge does with a manifest what the API server does when a Job is created: it decodes it
// strictly, so that unknown and duplicate fields are errors, sets defaults, and validates it.
// Warnings are errors, too. Only what lies around these steps in the server is left out, which is
// most of it.
func judge(manifest []byte) (*batchv1.Job, error) {
	scheme := runtime.NewScheme()
	core.Install(scheme)
	install.Install(scheme)
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Strict: true})
	decoded, kind, err := decoder.Decode(manifest, nil, nil)
	if err != nil {
		return nil, err
	}
	external, ok := decoded.(*batchv1.Job)
	if !ok {
		return nil, fmt.Errorf("got a %v, want a Job of batch/v1", kind)
	}
	if external.Namespace == "" {
		external.Namespace = "default" // as the client does
	}
	scheme.Default(external)
	var job batch.Job
	if err := scheme.Convert(external, &job, nil); err != nil {
		return nil, err
	}
	identify(&job)
	template := &job.Spec.Template
	options := validation.JobValidationOptions{
		PodValidationOptions:  pod.GetValidationOptionsFromPodTemplate(template, nil),
		RequirePrefixedLabels: true,
	}
	if err := validation.ValidateJob(&job, options).ToAggregate(); err != nil {
		return nil, err
	}
	if warnings := jobs.WarningsForJobSpec(context.Background(), field.NewPath("spec"), &job.Spec, nil); len(warnings) > 0 {
		return nil, errors.New("warnings: " + strings.Join(warnings, "; "))
	}
	return external, nil
}

// identify gives a Job what makes its pods its own, as the server does.
func identify(job *batch.Job) {
	job.UID = "00000000-0000-4000-8000-000000000000"
	job.Generation = 1
	labels := job.Spec.Template.Labels
	labels[batch.JobNameLabel], labels[batch.LegacyJobNameLabel] = job.Name, job.Name
	labels[batch.ControllerUidLabel], labels[batch.LegacyControllerUidLabel] = string(job.UID), string(job.UID)
	job.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{batch.ControllerUidLabel: string(job.UID)}}
}

// restricted says what of a pod the strictest of the Pod Security Standards does not allow.
func restricted(t *testing.T, pod corev1.PodTemplateSpec) string {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec))
	return result.ForbiddenDetail()
}
