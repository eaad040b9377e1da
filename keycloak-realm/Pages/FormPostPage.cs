namespace KeycloakRealm.Pages;

/// <summary>OAuth 2.0 Form Post Response Mode.</summary>
internal static class FormPostPage
{
    public static string Render(string address, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var fields = string.Concat(parameters.Select(each =>
            $"  <INPUT TYPE=\"HIDDEN\" NAME=\"{PageParts.Encode(each.Key)}\" VALUE=\"{PageParts.Encode(each.Value)}\" />\n"));
        return $"""
            <HTML>
              <HEAD>
                <TITLE>OIDC Form_Post Response</TITLE>
              </HEAD>
              <BODY Onload="document.forms[0].submit()">
                <FORM METHOD="POST" ACTION="{PageParts.Encode(address)}">
            {fields}      <NOSCRIPT>
                    <P>JavaScript is disabled. We strongly recommend to enable it. Click the button below to continue .</P>
                    <INPUT name="continue" TYPE="SUBMIT" VALUE="CONTINUE" />
                  </NOSCRIPT>
                </FORM>
              </BODY>
            </HTML>
            """;
    }
}
