package dev.millrace.deployment;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Everything that one `kubectl apply -k` would send.
///
/// @param origin where it comes from, for messages
record Cluster(String origin, List<HasMetadata> objects) {
    /// What starts pods.
    ///
    /// @param claims names of the volumes that each pod gets of its own
    record Workload(String name, Map<String, String> labels, PodSpec spec, List<String> claims) {}

    @Override
    public String toString() {
        return origin;
    }

    <T extends HasMetadata> Stream<T> all(Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast);
    }

    <T extends HasMetadata> Optional<T> find(Class<T> kind, String name) {
        return all(kind)
                .filter(object -> object.getMetadata().getName().equals(name))
                .findFirst();
    }

    List<Workload> workloads() {
        return objects.stream().flatMap(Cluster::workload).toList();
    }

    private static Stream<Workload> workload(HasMetadata object) {
        String name = object.getKind() + " " + object.getMetadata().getName();
        return switch (object) {
            case Deployment deployment -> {
                var template = deployment.getSpec().getTemplate();
                yield Stream.of(new Workload(name, labels(template.getMetadata()), template.getSpec(), List.of()));
            }
            case StatefulSet set -> {
                var template = set.getSpec().getTemplate();
                yield Stream.of(new Workload(name, labels(template.getMetadata()), template.getSpec(), claims(set)));
            }
            case Job job -> {
                var template = job.getSpec().getTemplate();
                yield Stream.of(new Workload(name, labels(template.getMetadata()), template.getSpec(), List.of()));
            }
            case Pod pod -> Stream.of(new Workload(name, labels(pod.getMetadata()), pod.getSpec(), List.of()));
            // HasMetadata is open: whatever else there is starts no pods.
            default -> Stream.empty();
        };
    }

    private static List<String> claims(StatefulSet set) {
        return set.getSpec().getVolumeClaimTemplates().stream()
                .map(PersistentVolumeClaim::getMetadata)
                .map(ObjectMeta::getName)
                .toList();
    }

    /// @param metadata of a pod; a patch need not say any
    private static Map<String, String> labels(@Nullable ObjectMeta metadata) {
        return Optional.ofNullable(metadata).map(ObjectMeta::getLabels).orElse(Map.of());
    }
}
