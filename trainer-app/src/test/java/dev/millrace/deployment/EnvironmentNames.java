package dev.millrace.deployment;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Holds the environment variables of manifests against what the apps read. A misspelt one is no error anywhere else:
/// nobody reads it, and the default holds.
final class EnvironmentNames {
    private static final String OURS = "MILLRACE_";
    private static final String CHANNELS = "MP_MESSAGING_";
    /// Read by Quarkus and by the Kafka client; their names are theirs.
    private static final List<String> FOREIGN = List.of("QUARKUS_", "KAFKA_");
    /// Read by DJL and by OpenMP.
    private static final Set<String> LIBRARIES =
            Set.of("DJL_CACHE_DIR", "DJL_OFFLINE", "OPT_OUT_TRACKING", "OMP_NUM_THREADS");
    /// In ConfigMap `kafka`, for the job that makes the topics.
    static final Set<String> OF_THE_TOPICS =
            Set.of("DOCUMENT_PARTITIONS", "REPLICATION_FACTOR", "MIN_IN_SYNC_REPLICAS");

    private EnvironmentNames() {}

    /// What is wrong with the variables that an app gets: from ConfigMaps and pods of its name, and from `kafka`.
    ///
    /// @param settings of the app whose module is called NAME-app
    static List<String> breaches(Cluster cluster, AppSettings settings) {
        String name = settings.app().replace("-app", "");
        Set<String> names = new TreeSet<>(keys(cluster, "kafka"));
        names.removeAll(OF_THE_TOPICS);
        names.addAll(keys(cluster, name));
        cluster.workloads().stream()
                .filter(workload -> workload.name().endsWith(" " + name))
                .flatMap(EnvironmentNames::variables)
                .forEach(names::add);
        return names.stream()
                .filter(variable -> !isRead(variable, settings))
                .map(variable -> cluster.origin() + ": " + settings.app() + " does not read " + variable)
                .toList();
    }

    private static Set<String> keys(Cluster cluster, String name) {
        return cluster.find(ConfigMap.class, name)
                .map(ConfigMap::getData)
                .orElse(Map.of())
                .keySet();
    }

    private static Stream<String> variables(Cluster.Workload workload) {
        List<Container> containers = new ArrayList<>(workload.spec().getContainers());
        containers.addAll(workload.spec().getInitContainers());
        return containers.stream()
                .flatMap(container -> container.getEnv().stream())
                .map(EnvVar::getName);
    }

    private static boolean isRead(String variable, AppSettings settings) {
        if (variable.startsWith(OURS)) {
            return settings.environmentNames().contains(variable);
        }
        if (variable.startsWith(CHANNELS)) {
            return settings.channelPrefixes().stream().anyMatch(variable::startsWith);
        }
        return LIBRARIES.contains(variable) || FOREIGN.stream().anyMatch(variable::startsWith);
    }
}
