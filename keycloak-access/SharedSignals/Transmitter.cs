using System.Text.Json;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.SharedSignals;

/// <summary>
/// Who sends events: the realm, whose keys are known already, or another issuer, whose keys its metadata lead to (SSF 1.0, section 7).
/// </summary>
internal sealed class Transmitter
{
    private const string WellKnown = "/.well-known/ssf-configuration";
    private const string CriticalMembers = "critical_subject_members";

    public Transmitter(
        IOptions<SharedSignalsOptions> options, IOptions<KeycloakOptions> keycloak, RealmMetadata realm, IServiceProvider services)
    {
        var configured = options.Value.Issuer;
        IsRealm = configured.Length == 0 || string.Equals(configured, keycloak.Value.Issuer, StringComparison.Ordinal);
        Issuer = IsRealm ? keycloak.Value.Issuer : configured;
        Name = IsRealm ? "Keycloak" : new Uri(configured).Host;
        Metadata = realm;
        if (!IsRealm)
        {
            var address = options.Value.MetadataAddress.Length > 0 ? options.Value.MetadataAddress : MetadataAddressOf(configured);
            Metadata = new RealmMetadata(
                keycloak,
                services.GetRequiredService<IHttpClientFactory>().CreateClient(KeycloakSetup.Backchannel),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<RealmMetadata>>())
            {
                Source = new MetadataSource(address, configured) { Setting = $"{SharedSignalsOptions.Section}:Issuer" },
            };
        }
    }

    /// <summary>Whether it is the realm: what it tells of sessions, it knows.</summary>
    public bool IsRealm { get; }

    public string Issuer { get; }

    /// <summary>Under which the audit log has what it does.</summary>
    public string Name { get; }

    public RealmMetadata Metadata { get; }

    /// <summary>Members of a complex subject that must be understood, beside those that are understood here.</summary>
    public async Task<IReadOnlyList<string>> ListCriticalMembersAsync(CancellationToken cancellationToken)
    {
        if (IsRealm)
        {
            // Keycloak's are the user alone.
            return [];
        }

        var configuration = await Metadata.GetConfigurationAsync(cancellationToken);
        if (!configuration.AdditionalData.TryGetValue(CriticalMembers, out var value))
        {
            return [];
        }

        var members = value as JsonElement? ?? JsonSerializer.SerializeToElement(value);
        return members.ValueKind == JsonValueKind.Array
            ? [.. members.EnumerateArray().Where(member => member.ValueKind == JsonValueKind.String).Select(member => member.GetString()!)]
            : [];
    }

    /// <summary>SSF 1.0, section 7.2.1: between the host and the path of the issuer.</summary>
    public static string MetadataAddressOf(string issuer)
    {
        var url = new Uri(issuer);
        return url.GetLeftPart(UriPartial.Authority) + WellKnown + url.AbsolutePath.TrimEnd('/');
    }
}
