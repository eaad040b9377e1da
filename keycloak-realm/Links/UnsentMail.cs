using KeycloakRealm.Model;

namespace KeycloakRealm.Links;

/// <summary>No mail goes out of here: what Keycloak would send is written to the log instead.</summary>
internal sealed partial class UnsentMail(ILogger<UnsentMail> logger)
{
    public void Write(string subject, User user, string link) => LogMail(logger, subject, user.Email ?? user.Username, link);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Subject}, for {Address}: {Link}")]
    private static partial void LogMail(ILogger logger, string subject, string address, string link);
}
