using System.Net;

namespace KeycloakRealm;

/// <summary>How the embedded realm is started.</summary>
public sealed class EmbeddedRealmOptions
{
    /// <summary>
    /// The realm files, as Keycloak imports them: each holds one realm or an array of realms, and <c>acme-users-0.json</c>
    /// beside <c>acme-realm.json</c> holds more users of it. No two realms have one name. Default: <c>acme-realm.json</c>
    /// beside the assembly.
    /// </summary>
    public IReadOnlyList<string> RealmFiles { get; set; } = [Path.Combine(AppContext.BaseDirectory, "acme-realm.json")];

    /// <summary>The first of <see cref="RealmFiles"/>. To set it makes it the only one.</summary>
    public string RealmFile
    {
        get => RealmFiles[0];
        set => RealmFiles = [value];
    }

    /// <summary>
    /// The server's address: <c>http</c>, a loopback host, a port. Port 0 takes any free one, which
    /// <see cref="EmbeddedRealm.Url"/> then names. The issuer is <c>{Url}/realms/{realm}</c>.
    /// </summary>
    public Uri Url { get; set; } = new("http://localhost:8080");

    /// <summary>
    /// Values for <c>${NAME:default}</c> in the file. What is not here comes from the environment, else it is the default.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Placeholders { get; set; }

    /// <summary>
    /// Folder in which the keys are kept that the file does not give, so that tokens survive a restart. Null: in memory only.
    /// </summary>
    public string? StateFolder { get; set; }

    /// <summary>
    /// Whether a realm file that changes is loaded again while the realm runs, without a failed request. Its sessions, and what
    /// the admin REST API changed, are gone then, as after a restart; keys live on, so that tokens still verify. A file that
    /// cannot be imported is reported as an error to <see cref="LoggerFactory"/>, and everything stays as it is.
    /// </summary>
    public bool Watch { get; set; }

    /// <summary>
    /// An administrator in the realm <c>master</c>, whose tokens may use the admin REST API. Null: there is no such realm, and
    /// the API is for service accounts with roles of <c>realm-management</c> alone.
    /// </summary>
    public NetworkCredential? Administrator { get; set; }

    /// <summary>
    /// Whether faults can be injected: by <see cref="EmbeddedRealm.Faults"/>, and by <c>/_faults</c> over HTTP. Without it
    /// nothing of it runs, and its addresses are unknown, as in Keycloak.
    /// </summary>
    public bool Faults { get; set; }

    /// <summary>The clock by which everything expires.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>The name of the environment. Only <c>Development</c> and <c>Testing</c> are accepted.</summary>
    public string EnvironmentName { get; set; } = "";

    /// <summary>
    /// Where warnings about the files, reports of <see cref="Watch"/> and failures of back-channel calls go. Null: nowhere.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; set; }
}
