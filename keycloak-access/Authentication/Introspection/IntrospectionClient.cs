using System.Net.Http.Headers;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.Introspection;

/// <summary>
/// The client that asks, as it names itself to the realm: with one credential, or with the other one while it is being changed. Files are
/// read again when they change, so that nothing needs to be started again.
/// </summary>
internal sealed class IntrospectionClient(IOptions<IntrospectionOptions> options, IOptions<KeycloakOptions> keycloak, TimeProvider clock)
    : IDisposable
{
    /// <summary>The places of the two credentials.</summary>
    public static readonly int[] Places = [0, 1];

    private readonly Lock _lock = new();
    private readonly (ClientCredential? Credential, string Files)[] _read = new (ClientCredential?, string)[Places.Length];

    private IntrospectionClientOptions Client => options.Value.Client;

    public string Id => Client.Id.Length > 0 ? Client.Id : keycloak.Value.Resource;

    public bool UsesTls => Client.Method == ClientAuthenticationMethod.Tls;

    public bool HasOther => Client.OtherCredential.IsGiven;

    /// <summary>Connections show the certificate of a credential, so each has its own.</summary>
    public static string NameOf(int place) => $"Keycloak introspection {place}";

    public static string SettingOf(int place) =>
        $"{IntrospectionOptions.Section}:{nameof(IntrospectionOptions.Client)}:"
        + (place == 0 ? nameof(IntrospectionClientOptions.Credential) : nameof(IntrospectionClientOptions.OtherCredential));

    /// <exception cref="ClientCredentialException">The file has become unreadable.</exception>
    public HttpRequestMessage NewRequest(string address, string token, int place)
    {
        var credential = Read(place);
        var form = new List<KeyValuePair<string, string>>
        {
            KeyValuePair.Create("token", token),
            KeyValuePair.Create("token_type_hint", "access_token"),
        };
        var request = new HttpRequestMessage(HttpMethod.Post, address);
        switch (Client.Method)
        {
            case ClientAuthenticationMethod.ClientSecretBasic:
                request.Headers.Authorization = SignInClient.Basic(Id, credential.Secret);
                break;
            case ClientAuthenticationMethod.ClientSecretPost:
                form.Add(KeyValuePair.Create("client_id", Id));
                form.Add(KeyValuePair.Create("client_secret", credential.Secret));
                break;
            case ClientAuthenticationMethod.Tls:
                form.Add(KeyValuePair.Create("client_id", Id));
                break;
            default:
                form.Add(KeyValuePair.Create("client_id", Id));
                form.Add(KeyValuePair.Create("client_assertion_type", ClientAssertion.Type));
                form.Add(KeyValuePair.Create(
                    "client_assertion",
                    ClientAssertion.Create(Id, keycloak.Value.Issuer, credential.Signing!, clock.GetUtcNow())));
                break;
        }

        request.Content = new FormUrlEncodedContent(form);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return request;
    }

    public void ShowCertificate(SocketsHttpHandler handler, int place)
    {
        if (UsesTls)
        {
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => Read(place).Certificate!;
        }
    }

    public void Dispose()
    {
        foreach (var (credential, _) in _read)
        {
            credential?.Dispose();
        }
    }

    private ClientCredential Read(int place)
    {
        var given = place == 0 ? Client.Credential : Client.OtherCredential;
        if (!given.IsGiven)
        {
            throw new ClientCredentialException($"{SettingOf(place)} is missing.");
        }

        var files = string.Join('\n', StateOf(given.SecretFile), StateOf(given.KeyFile), StateOf(given.CertificateFile));
        lock (_lock)
        {
            if (_read[place] is not ({ } credential, { } before) || before != files)
            {
                // The former one may be in use: it is left to the collector.
                credential = ClientCredential.Read(given, Client);
                _read[place] = (credential, files);
            }

            return credential;
        }
    }

    // Kubernetes puts another link in the place of a file.
    private static string StateOf(string file)
    {
        if (file.Length == 0)
        {
            return "";
        }

        var info = new FileInfo(file);
        var target = info.LinkTarget is null ? info : info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
        return FormattableString.Invariant($"{target.FullName} {target.LastWriteTimeUtc.Ticks} {(target.Exists ? target.Length : -1)}");
    }
}
