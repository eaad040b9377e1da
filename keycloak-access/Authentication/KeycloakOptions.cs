namespace KeycloakAccess.Authentication;

/// <summary>
/// The realm that this service trusts: section <c>Keycloak</c>, in the form of Keycloak's own adapter JSON
/// (<c>auth-server-url</c>) or in PascalCase (<c>AuthServerUrl</c>), as users of Keycloak.AuthServices know it.
/// <see cref="KeycloakOptionsReader"/> reads it, <see cref="KeycloakOptionsValidator"/> checks it at start.
/// </summary>
public sealed class KeycloakOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Keycloak";

    /// <summary>
    /// <c>auth-server-url</c>: Keycloak's address as browsers and tokens know it, without <c>/realms/…</c>.
    /// The issuer is made of it, so it must be the same to the letter.
    /// </summary>
    public string AuthServerUrl { get; set; } = "";

    /// <summary>
    /// <c>backchannel-url</c>: Keycloak's address as this service reaches it, where that differs from
    /// <see cref="AuthServerUrl"/>: in a container network, for instance. Keycloak needs
    /// <c>hostname-backchannel-dynamic</c> for it. Empty: the same address.
    /// </summary>
    public string BackchannelUrl { get; set; } = "";

    /// <summary>
    /// <c>proxy-url</c>: the proxy through which this service reaches Keycloak. Empty: that of <c>HTTPS_PROXY</c> and
    /// <c>HTTP_PROXY</c>, where they are set.
    /// </summary>
    public string ProxyUrl { get; set; } = "";

    /// <summary><c>realm</c>: the realm's name. Case counts.</summary>
    public string Realm { get; set; } = "";

    /// <summary><c>resource</c>: the client id of this API, whose client roles are ours and which tokens must name as audience.</summary>
    public string Resource { get; set; } = "";

    /// <summary><c>audience</c>: the audience that tokens must name, where it is not <see cref="Resource"/>.</summary>
    public string Audience { get; set; } = "";

    /// <summary>
    /// <c>verify-token-audience</c>: whether a token must be meant for this API. Default <see langword="true"/>.
    /// Without it, a token that a person gave to any other service of the realm is accepted here as well.
    /// </summary>
    public bool VerifyTokenAudience { get; set; } = true;

    /// <summary><c>ssl-required</c>: where HTTPS is required, in both directions. Default <c>external</c>.</summary>
    public SslRequired SslRequired { get; set; } = SslRequired.External;

    /// <summary>
    /// <c>token-clock-skew</c>: how long after its end a token is still taken, in seconds or as <c>hh:mm:ss</c>. Default 0, at most
    /// 5 minutes.
    /// </summary>
    public TimeSpan TokenClockSkew { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// <c>token-algorithms</c>: the signature algorithms (RFC 7518, section 3.1) that are accepted. Default, and empty: those that the
    /// realm's own keys are for.
    /// </summary>
    public IReadOnlyList<string> TokenAlgorithms { get; set; } = [];

    /// <summary>
    /// <c>enable-cors</c>: whether scripts of other origins may call the API, by the answers that the following keys describe. Default
    /// <see langword="false"/>.
    /// </summary>
    public bool EnableCors { get; set; }

    /// <summary><c>cors-max-age</c>: how long a browser may keep the answer to a preflight, in seconds or as <c>hh:mm:ss</c>.</summary>
    public TimeSpan? CorsMaxAge { get; set; }

    /// <summary><c>cors-allowed-methods</c>: the methods that a preflight allows, a list or with commas between them.</summary>
    public IReadOnlyList<string> CorsAllowedMethods { get; set; } = [];

    /// <summary><c>cors-allowed-headers</c>: the headers that a preflight allows, a list or with commas between them.</summary>
    public IReadOnlyList<string> CorsAllowedHeaders { get; set; } = [];

    /// <summary><c>cors-exposed-headers</c>: the headers of an answer that a script may read, a list or with commas between them.</summary>
    public IReadOnlyList<string> CorsExposedHeaders { get; set; } = [];

    /// <summary><c>sign-in</c>: the client through which staff sign in to the admin pages.</summary>
    public SignInOptions SignIn { get; set; } = new();

    /// <summary>The issuer that tokens must carry: <c>{auth-server-url}/realms/{realm}</c>.</summary>
    public string Issuer => RealmUrl(AuthServerUrl);

    /// <summary>Where this service reads the realm's metadata (OpenID Connect Discovery 1.0, section 4).</summary>
    public string MetadataAddress => RealmAddress + "/.well-known/openid-configuration";

    /// <summary>Where this service reads what the realm says of itself.</summary>
    internal string RealmAddress => RealmUrl(BackchannelUrl.Length > 0 ? BackchannelUrl : AuthServerUrl);

    /// <summary>The audience that tokens must name.</summary>
    public string RequiredAudience => Audience.Length > 0 ? Audience : Resource;

    /// <summary>Keys that were given and mean nothing here, with what to do instead.</summary>
    internal IReadOnlyList<KeyValuePair<string, string?>> WithoutMeaning { get; set; } = [];

    private string RealmUrl(string server) => $"{server.TrimEnd('/')}/realms/{Uri.EscapeDataString(Realm)}";
}

/// <summary>The client through which staff sign in: section <c>Keycloak:sign-in</c>.</summary>
public sealed class SignInOptions
{
    /// <summary><c>resource</c>: the client id. A confidential client with the standard flow and PKCE.</summary>
    public string Resource { get; set; } = "";

    /// <summary><c>credentials:secret</c> or <c>credentials:secret-file</c>: the client's secret.</summary>
    public string Secret { get; set; } = "";

    /// <summary>
    /// <c>session-lifetime</c>: how long a sign-in lasts here at most, whatever is done with it, in seconds or as <c>hh:mm:ss</c>. A live
    /// session at Keycloak renews it without a question. From 1 minute to 24 hours; default 10 hours.
    /// </summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(10);

    /// <summary>
    /// <c>session-idle</c>: how long a sign-in lasts here that nobody uses, in the same form. From 1 minute to 24 hours; default 30
    /// minutes.
    /// </summary>
    public TimeSpan SessionIdle { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// <c>session-grace</c>: for how long a session goes on after its access token has ended, while Keycloak cannot be asked for a newer
    /// one, in the same form. After that the answer is 503. At most 1 hour; default 5 minutes.
    /// </summary>
    public TimeSpan SessionGrace { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>Keycloak's three levels of <c>ssl-required</c>.</summary>
public enum SslRequired
{
    /// <summary>HTTP is accepted from and to everywhere.</summary>
    None,

    /// <summary>HTTPS is required, except from and to loopback and private addresses.</summary>
    External,

    /// <summary>HTTPS is required everywhere.</summary>
    All,
}
