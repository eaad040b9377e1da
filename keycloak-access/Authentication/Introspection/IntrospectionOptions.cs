using System.Buffers;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.Introspection;

/// <summary>Access tokens that the realm is asked about (RFC 7662): section <c>Introspection</c>.</summary>
public sealed class IntrospectionOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Introspection";

    /// <summary>
    /// Whether the realm is asked about every access token. Default <see cref="IntrospectionUse.None"/>. What a path or an endpoint says
    /// of itself replaces it there.
    /// </summary>
    public IntrospectionUse Use { get; set; }

    /// <summary>
    /// Paths, with all that lies under them, where the realm is asked after the token has been checked here, as the application knows
    /// them, without the prefix of a proxy: <c>/api/groups</c>.
    /// </summary>
    public IReadOnlyList<string> AfterForPaths { get; set; } = [];

    /// <summary>The same, where the realm is asked in the place of checking the token here.</summary>
    public IReadOnlyList<string> InsteadForPaths { get; set; } = [];

    /// <summary>
    /// For how long an answer is used, active or not, and never past the end of its token: from 0, which asks at each request, to 10
    /// minutes. Default 30 seconds. For so long a token lives on that the realm has ended.
    /// </summary>
    public TimeSpan CacheFor { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer is waited for, from 100 milliseconds to 10 seconds. Default 3 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How many questions at once are put to the realm, from 1 to 1000; further ones wait. Default 50.</summary>
    public int MostAtOnce { get; set; } = 50;

    /// <summary>After how many failures in a row the realm is left alone, from 1 to 1000. Default 5.</summary>
    public int BreakAfter { get; set; } = 5;

    /// <summary>For how long it is left alone, from 1 second to 5 minutes; after that, one question tries. Default 10 seconds.</summary>
    public TimeSpan BreakFor { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary><c>Client</c>: the client that asks.</summary>
    public IntrospectionClientOptions Client { get; set; } = new();

    internal bool IsUsed => Use != IntrospectionUse.None || AfterForPaths.Count > 0 || InsteadForPaths.Count > 0;
}

/// <summary>The client that asks the realm about tokens: section <c>Introspection:Client</c>.</summary>
public sealed class IntrospectionClientOptions
{
    /// <summary>The client id. Default: that of this API (<see cref="KeycloakOptions.Resource"/>), which tokens have as audience.</summary>
    public string Id { get; set; } = "";

    /// <summary>How it authenticates. Default <see cref="ClientAuthenticationMethod.ClientSecretBasic"/>.</summary>
    public ClientAuthenticationMethod Method { get; set; }

    /// <summary>
    /// The signature algorithm (RFC 7518, section 3.1) of the assertion, where the method has one. Default: HS256 with a secret, RS256 with
    /// an RSA key, and the one that its curve is for with an EC key.
    /// </summary>
    public string Algorithm { get; set; } = "";

    /// <summary>What it authenticates with.</summary>
    public ClientCredentialOptions Credential { get; set; } = new();

    /// <summary>Another one, while it is being changed: tried where the realm refuses the first.</summary>
    public ClientCredentialOptions OtherCredential { get; set; } = new();
}

/// <summary>
/// What a client authenticates with: sections <c>Introspection:Client:Credential</c> and <c>OtherCredential</c>. Files are read again when
/// they change.
/// </summary>
public sealed class ClientCredentialOptions
{
    /// <summary>The client's secret.</summary>
    public string Secret { get; set; } = "";

    /// <summary>A file that holds the secret.</summary>
    public string SecretFile { get; set; } = "";

    /// <summary>A PEM file with a private key, RSA or EC, for an assertion; or for a certificate that does not hold its own.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>The <c>kid</c> by which the realm knows the key. Default: none is named, and the realm has one key of the client.</summary>
    public string KeyId { get; set; } = "";

    /// <summary>A PEM file with the client certificate of mutual TLS.</summary>
    public string CertificateFile { get; set; } = "";

    internal bool IsGiven =>
        Secret.Length > 0 || SecretFile.Length > 0 || KeyFile.Length > 0 || CertificateFile.Length > 0 || KeyId.Length > 0;
}

/// <summary>Whether the realm is asked about a token.</summary>
public enum IntrospectionUse
{
    /// <summary>The token is checked here alone.</summary>
    None,

    /// <summary>The token is checked here, and then the realm is asked: for what must be live.</summary>
    After,

    /// <summary>The realm is asked in the place of checking the token here: for lightweight and opaque tokens too.</summary>
    Instead,
}

/// <summary>How a client authenticates to the realm (OpenID Connect Core 1.0, section 9; RFC 8705, section 2).</summary>
public enum ClientAuthenticationMethod
{
    /// <summary><c>client_secret_basic</c>: its secret in the header.</summary>
    ClientSecretBasic,

    /// <summary><c>client_secret_post</c>: its secret in the form.</summary>
    ClientSecretPost,

    /// <summary><c>client_secret_jwt</c>: an assertion that is signed with its secret.</summary>
    ClientSecretJwt,

    /// <summary><c>private_key_jwt</c>: an assertion that is signed with its private key.</summary>
    PrivateKeyJwt,

    /// <summary><c>tls_client_auth</c> and <c>self_signed_tls_client_auth</c>: its certificate in the TLS connection.</summary>
    Tls,
}

internal sealed class IntrospectionValidator(IOptions<KeycloakOptions> keycloak) : IValidateOptions<IntrospectionOptions>
{
    private const string Client = $"{IntrospectionOptions.Section}:{nameof(IntrospectionOptions.Client)}";

    private static readonly SearchValues<char> NotInPaths = SearchValues.Create("?#%*{}\\");

    public ValidateOptionsResult Validate(string? name, IntrospectionOptions options)
    {
        string[] failures =
        [
            .. Failures(options),
            .. PathFailures(options),
            .. CredentialFailures(nameof(options.Client.Credential), options.Client.Credential, options.Client, options.IsUsed),
            .. CredentialFailures(nameof(options.Client.OtherCredential), options.Client.OtherCredential, options.Client, isNeeded: false),
        ];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Failures(IntrospectionOptions options)
    {
        if (options.CacheFor < TimeSpan.Zero || options.CacheFor > TimeSpan.FromMinutes(10))
        {
            yield return $"{Key(nameof(options.CacheFor))} is {options.CacheFor}. It must be between 0 and 10 minutes, as in 00:00:30: for "
                + "so long a token lives on that the realm has ended.";
        }

        if (options.Timeout < TimeSpan.FromMilliseconds(100) || options.Timeout > BackchannelHandler.Timeout)
        {
            yield return $"{Key(nameof(options.Timeout))} is {options.Timeout}. It must be between 100 milliseconds and 10 seconds, as in "
                + "00:00:03: callers wait for so long.";
        }

        if (options.MostAtOnce is < 1 or > 1000)
        {
            yield return $"{Key(nameof(options.MostAtOnce))} is {options.MostAtOnce}. It must be between 1 and 1000.";
        }

        if (options.BreakAfter is < 1 or > 1000)
        {
            yield return $"{Key(nameof(options.BreakAfter))} is {options.BreakAfter}. It must be between 1 and 1000.";
        }

        if (options.BreakFor < TimeSpan.FromSeconds(1) || options.BreakFor > TimeSpan.FromMinutes(5))
        {
            yield return $"{Key(nameof(options.BreakFor))} is {options.BreakFor}. It must be between 1 second and 5 minutes, as in "
                + "00:00:10.";
        }

        if (ClientAssertion.FindMistake(options.Client) is { } algorithm)
        {
            yield return $"{Client}:{nameof(options.Client.Algorithm)} is \"{options.Client.Algorithm}\". {algorithm}";
        }

        if (options.Client.Method == ClientAuthenticationMethod.Tls && options.Client.Credential.IsGiven
            && keycloak.Value.MetadataAddress.StartsWith("http:", StringComparison.OrdinalIgnoreCase))
        {
            yield return $"{Client}:{nameof(options.Client.Method)} is Tls, and Keycloak is asked over http. Use https in "
                + "Keycloak:auth-server-url or backchannel-url, or another method.";
        }
    }

    private static IEnumerable<string> PathFailures(IntrospectionOptions options)
    {
        var all = options.AfterForPaths.Select((path, index) => (Key: $"{Key(nameof(options.AfterForPaths))}:{index}", Path: path))
            .Concat(options.InsteadForPaths.Select((path, index) => (Key: $"{Key(nameof(options.InsteadForPaths))}:{index}", Path: path)))
            .ToArray();
        foreach (var (key, path) in all)
        {
            if (path is not ['/', _, ..] || path.EndsWith('/') || path.AsSpan().ContainsAny(NotInPaths))
            {
                yield return $"{key} is \"{path}\". It must be a path of this service, as in /api/groups; for every one, set "
                    + $"{Key(nameof(options.Use))}.";
            }
        }

        foreach (var path in options.AfterForPaths.Intersect(options.InsteadForPaths, StringComparer.OrdinalIgnoreCase))
        {
            yield return $"{Key(nameof(options.AfterForPaths))} and {Key(nameof(options.InsteadForPaths))} both name {path}. "
                + "Keep it in one of them.";
        }
    }

    private static IEnumerable<string> CredentialFailures(
        string name, ClientCredentialOptions credential, IntrospectionClientOptions client, bool isNeeded)
    {
        var path = $"{Client}:{name}";
        if (!credential.IsGiven)
        {
            if (isNeeded)
            {
                yield return $"{path} is missing, and the realm is to be asked about tokens. Set {ForMethod(client.Method)}.";
            }

            yield break;
        }

        if (credential.Secret.Length > 0 && credential.SecretFile.Length > 0)
        {
            yield return $"{path} has both {nameof(credential.Secret)} and {nameof(credential.SecretFile)}. Remove one of them.";
        }

        var fits = client.Method switch
        {
            ClientAuthenticationMethod.PrivateKeyJwt =>
                credential is { KeyFile.Length: > 0, CertificateFile: "", Secret: "", SecretFile: "" },
            ClientAuthenticationMethod.Tls => credential is { CertificateFile.Length: > 0, Secret: "", SecretFile: "", KeyId: "" },
            _ => credential is { KeyFile: "", CertificateFile: "", KeyId: "" },
        };
        if (!fits)
        {
            yield return $"{path} does not fit {Client}:{nameof(client.Method)}, which is {client.Method}. Set {ForMethod(client.Method)}, "
                + "and nothing else.";
        }
        else if (FindMistake(credential, client) is { } mistake)
        {
            yield return $"{path}: {mistake}";
        }
    }

    // What is in the files is looked at before the first question is.
    private static string? FindMistake(ClientCredentialOptions credential, IntrospectionClientOptions client)
    {
        try
        {
            using var read = ClientCredential.Read(credential, client);
            return null;
        }
        catch (ClientCredentialException exception)
        {
            return exception.Message;
        }
    }

    private static string ForMethod(ClientAuthenticationMethod method) => method switch
    {
        ClientAuthenticationMethod.PrivateKeyJwt => "KeyFile, and KeyId where the realm has several keys of the client",
        ClientAuthenticationMethod.Tls => "CertificateFile, and KeyFile where it does not hold its private key",
        _ => "SecretFile or Secret (Keycloak: Clients → the client → Credentials)",
    };

    private static string Key(string name) => $"{IntrospectionOptions.Section}:{name}";
}
