package dev.millrace.deployment;

import dev.millrace.deployment.Cluster.Workload;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What holds between the objects of a cluster: names lead somewhere, selectors select. Each breach is one
/// sentence.
final class ClusterRules {
    private final Cluster cluster;
    private final List<String> breaches = new ArrayList<>();

    private ClusterRules(Cluster cluster) {
        this.cluster = cluster;
    }

    /// All breaches, those of [PodRules] for each of its workloads included.
    static List<String> breaches(Cluster cluster) {
        ClusterRules rules = new ClusterRules(cluster);
        for (Workload workload : cluster.workloads()) {
            rules.breaches.addAll(PodRules.breaches(workload));
            rules.references(workload);
        }
        cluster.all(Deployment.class)
                .forEach(each -> rules.selectsItsOwn(
                        each,
                        each.getSpec().getSelector(),
                        each.getSpec().getTemplate().getMetadata().getLabels()));
        cluster.all(StatefulSet.class).forEach(rules::ordered);
        cluster.all(Service.class).forEach(rules::serves);
        cluster.all(NetworkPolicy.class)
                .forEach(each ->
                        rules.selects(each, each.getSpec().getPodSelector().getMatchLabels()));
        cluster.all(PodDisruptionBudget.class)
                .forEach(
                        each -> rules.selects(each, each.getSpec().getSelector().getMatchLabels()));
        cluster.all(HorizontalPodAutoscaler.class).forEach(rules::scales);
        return rules.breaches;
    }

    private void require(boolean held, String sentence) {
        if (!held) {
            breaches.add(sentence);
        }
    }

    private <T extends HasMetadata> void exists(Class<T> kind, @Nullable String name, String user) {
        if (name != null) {
            require(
                    cluster.find(kind, name).isPresent(),
                    user + " names " + kind.getSimpleName() + " " + name + ", which is not there");
        }
    }

    private void references(Workload workload) {
        exists(ServiceAccount.class, workload.spec().getServiceAccountName(), workload.name());
        for (Volume volume : workload.spec().getVolumes()) {
            if (volume.getConfigMap() != null) {
                exists(ConfigMap.class, volume.getConfigMap().getName(), workload.name());
            }
            if (volume.getPersistentVolumeClaim() != null) {
                exists(
                        PersistentVolumeClaim.class,
                        volume.getPersistentVolumeClaim().getClaimName(),
                        workload.name());
            }
        }
        for (Container container : workload.spec().getContainers()) {
            for (EnvFromSource source : container.getEnvFrom()) {
                // Secrets are the operator's: none is here, and each pod must start without.
                boolean optional = source.getSecretRef() != null
                        && Boolean.TRUE.equals(source.getSecretRef().getOptional());
                require(
                        source.getConfigMapRef() != null || optional,
                        workload.name() + " takes settings from neither a ConfigMap nor an optional Secret");
                if (source.getConfigMapRef() != null) {
                    exists(ConfigMap.class, source.getConfigMapRef().getName(), workload.name());
                }
            }
            for (EnvVar variable : container.getEnv()) {
                require(
                        variable.getValue() == null || !variable.getName().matches(".*(PASSWORD|SECRET|TOKEN|KEY).*"),
                        workload.name() + " has a secret written out: " + variable.getName());
            }
        }
    }

    private void selectsItsOwn(HasMetadata owner, LabelSelector selector, Map<String, String> labels) {
        require(
                labels.entrySet().containsAll(selector.getMatchLabels().entrySet()),
                name(owner) + " does not select its own pods");
    }

    private void ordered(StatefulSet set) {
        selectsItsOwn(
                set,
                set.getSpec().getSelector(),
                set.getSpec().getTemplate().getMetadata().getLabels());
        require("OrderedReady".equals(set.getSpec().getPodManagementPolicy()), name(set) + " is not OrderedReady");
        exists(Service.class, set.getSpec().getServiceName(), name(set));
    }

    private void serves(Service service) {
        Map<String, String> selector = service.getSpec().getSelector();
        selects(service, selector);
        List<String> ports = cluster.workloads().stream()
                .filter(workload -> workload.labels().entrySet().containsAll(selector.entrySet()))
                .flatMap(workload -> workload.spec().getContainers().stream())
                .flatMap(container -> container.getPorts().stream())
                .map(port -> Optional.ofNullable(port.getName()).orElse(""))
                .toList();
        for (ServicePort port : service.getSpec().getPorts()) {
            String target = port.getTargetPort().getStrVal();
            require(ports.contains(target), name(service) + " leads to port " + target + ", which no pod of it has");
        }
    }

    private void selects(HasMetadata owner, @Nullable Map<String, String> selector) {
        Map<String, String> wanted = Optional.ofNullable(selector).orElse(Map.of());
        require(
                cluster.workloads().stream()
                        .anyMatch(workload -> workload.labels().entrySet().containsAll(wanted.entrySet())),
                name(owner) + " selects no pod");
    }

    private void scales(HorizontalPodAutoscaler autoscaler) {
        exists(Deployment.class, autoscaler.getSpec().getScaleTargetRef().getName(), name(autoscaler));
    }

    private static String name(HasMetadata object) {
        return object.getKind() + " " + object.getMetadata().getName();
    }
}
