package dev.millrace.deployment;

import dev.millrace.deployment.Cluster.Workload;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What holds for every pod of Millrace: confined, limited, probed where Quarkus answers. Each breach is one
/// sentence.
final class PodRules {
    private final List<String> breaches = new ArrayList<>();

    private PodRules() {}

    static List<String> breaches(Workload workload) {
        PodRules rules = new PodRules();
        PodSpec pod = workload.spec();
        rules.confined(workload.name(), pod);
        for (Container container : Stream.concat(pod.getInitContainers().stream(), pod.getContainers().stream())
                .toList()) {
            String name = workload.name() + " container " + container.getName();
            rules.confined(name, container.getSecurityContext());
            rules.limited(name, Optional.ofNullable(container.getResources()).orElseGet(ResourceRequirements::new));
            rules.named(name, container.getImage());
            if (container.getImage().startsWith("millrace/")) {
                rules.probed(name, container);
            }
        }
        rules.mounted(workload);
        return rules.breaches;
    }

    private void require(boolean held, String sentence) {
        if (!held) {
            breaches.add(sentence);
        }
    }

    private void confined(String name, PodSpec pod) {
        PodSecurityContext context =
                Optional.ofNullable(pod.getSecurityContext()).orElseGet(PodSecurityContext::new);
        require(Boolean.TRUE.equals(context.getRunAsNonRoot()), name + " may run as root");
        require(
                context.getRunAsUser() != null && context.getRunAsUser() > 0,
                name + " does not say which user it runs as");
        require(
                context.getSeccompProfile() != null
                        && "RuntimeDefault".equals(context.getSeccompProfile().getType()),
                name + " has no seccomp profile RuntimeDefault");
        require(Boolean.FALSE.equals(pod.getAutomountServiceAccountToken()), name + " mounts a service account token");
        require(pod.getHostNetwork() == null && pod.getHostPID() == null, name + " shares the host's namespaces");
        for (Volume volume : pod.getVolumes()) {
            require(volume.getHostPath() == null, name + " mounts a path of the host as " + volume.getName());
        }
    }

    private void confined(String name, @Nullable SecurityContext given) {
        SecurityContext context = Optional.ofNullable(given).orElseGet(SecurityContext::new);
        require(Boolean.TRUE.equals(context.getReadOnlyRootFilesystem()), name + " can write to its root file system");
        require(Boolean.FALSE.equals(context.getAllowPrivilegeEscalation()), name + " may escalate its privileges");
        require(
                context.getCapabilities() != null
                        && context.getCapabilities().getDrop().contains("ALL"),
                name + " keeps capabilities");
    }

    private void limited(String name, ResourceRequirements resources) {
        for (String resource : List.of("cpu", "memory")) {
            require(
                    Objects.requireNonNullElse(resources.getRequests(), Map.of())
                            .containsKey(resource),
                    name + " requests no " + resource);
            require(
                    Objects.requireNonNullElse(resources.getLimits(), Map.of()).containsKey(resource),
                    name + " has no limit of " + resource);
        }
    }

    private void named(String name, String image) {
        String tag = image.substring(image.lastIndexOf('/') + 1);
        require(tag.contains(":") && !tag.endsWith(":latest"), name + " has an image without a version: " + image);
    }

    private void probed(String name, Container container) {
        probed(name, "startup", container.getStartupProbe(), "/q/health/started");
        probed(name, "readiness", container.getReadinessProbe(), "/q/health/ready");
        probed(name, "liveness", container.getLivenessProbe(), "/q/health/live");
        boolean http = container.getPorts().stream()
                .anyMatch(port -> "http".equals(port.getName()) && Objects.equals(port.getContainerPort(), 8080));
        require(http, name + " has no port http 8080");
    }

    private void probed(String name, String which, @Nullable Probe probe, String path) {
        HTTPGetAction get = probe == null ? null : probe.getHttpGet();
        boolean right = get != null
                && path.equals(get.getPath())
                && "http".equals(get.getPort().getStrVal());
        require(right, name + " has no " + which + " probe of " + path + " on port http");
    }

    private void mounted(Workload workload) {
        List<String> volumes = Stream.concat(
                        workload.spec().getVolumes().stream().map(Volume::getName), workload.claims().stream())
                .toList();
        List<String> mounts = workload.spec().getContainers().stream()
                .flatMap(container -> container.getVolumeMounts().stream())
                .map(VolumeMount::getName)
                .toList();
        for (String mount : mounts) {
            require(volumes.contains(mount), workload.name() + " mounts " + mount + ", which is no volume of it");
        }
        for (String volume : volumes) {
            require(mounts.contains(volume), workload.name() + " has volume " + volume + ", which nothing mounts");
        }
    }
}
