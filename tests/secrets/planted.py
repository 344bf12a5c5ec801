"""Secrets of the kinds that gitleaks knows, one for each of its rules, made anew: what stands in the repository is none."""
from __future__ import annotations

import random
import re
import string

_ALPHABETS = {"a": string.ascii_lowercase + string.digits, "A": string.ascii_letters + string.digits, "U": string.ascii_uppercase + string.digits,
              "B": string.ascii_uppercase + "234567", "L": string.ascii_lowercase, "h": "0123456789abcdef", "H": "0123456789ABCDEF",
              "d": string.digits, "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"}
# The rule, and a secret with {a32} for 32 characters of the alphabet "a". Rules that look at the names of files are not here.
_ROWS = r"""
1password-secret-key                        A3-{U6}-{U11}-{U5}-{U5}-{U5}
1password-service-account-token             ops_eyJ{A252}
adafruit-api-key                            adafruit_key={a32}
adobe-client-id                             adobe_key={h32}
adobe-client-secret                         p8e-{a32}
age-secret-key                              AGE-SECRET-KEY-1{q58}
airtable-api-key                            airtable_key={a17}
airtable-personnal-access-token             airtable pat{A14}.{h64}
algolia-api-key                             algolia_key={a32}
alibaba-access-key-id                       LTAI{a20}
alibaba-secret-key                          alibaba_key={a30}
anthropic-admin-api-key                     sk-ant-admin01-{A93}AA
anthropic-api-key                           sk-ant-api03-{A93}AA
artifactory-api-key                         AKCp{A69}
artifactory-reference-token                 cmVmd{A59}
asana-client-id                             asana_key={d16}
asana-client-secret                         asana_key={a32}
atlassian-api-token                         Atlassian={a20}{h4}
authress-service-client-access-key          sc_{a21}.{a6}.acc-{a12}.{a32}
aws-access-token                            AKIA{B16}
aws-amazon-bedrock-api-key-long-lived       ABSK{A111}
aws-amazon-bedrock-api-key-short-lived      bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t{A30}
azure-ad-client-secret                      {A3}{d1}Q~{A33}
beamer-api-token                            beamer_key=b_{a44}
bitbucket-client-id                         bitbucket_key={a32}
bitbucket-client-secret                     bitbucket_key={a64}
bittrex-access-key                          bittrex_key={a32}
bittrex-secret-key                          bittrex_key={a32}
cisco-meraki-api-key                        meraki_key={h40}
clickhouse-cloud-api-secret-key             4b1d{A38}
clojars-api-token                           CLOJARS_{a60}
cloudflare-api-key                          cloudflare_key={a40}
cloudflare-global-api-key                   cloudflare_key={h37}
cloudflare-origin-ca-key                    v1.0-{h24}-{h146}
codecov-access-token                        codecov_key={a32}
cohere-api-token                            cohere_key={A40}
coinbase-access-token                       coinbase_key={a64}
confluent-access-token                      confluent_key={a16}
confluent-secret-key                        confluent_key={a64}
contentful-delivery-api-token               contentful_key={a43}
curl-auth-header                            curl -H "Authorization: Bearer {A24}"
curl-auth-user                              curl -u "{a8}:{A12}"
databricks-api-token                        dapi{h32}
datadog-access-token                        datadog_key={a40}
defined-networking-api-token                dnkey_key=dnkey-{a26}-{a52}
digitalocean-access-token                   doo_v1_{h64}
digitalocean-pat                            dop_v1_{h64}
digitalocean-refresh-token                  dor_v1_{h64}
discord-api-token                           discord_key={h64}
discord-client-id                           discord_key={d18}
discord-client-secret                       discord_key={a32}
doppler-api-token                           dp.pt.{a43}
droneci-access-token                        droneci_key={a32}
dropbox-api-token                           dropbox_key={a15}
dropbox-long-lived-api-token                dropbox_key={a11}AAAAAAAAAA{a43}
dropbox-short-lived-api-token               dropbox_key=sl.{a135}
duffel-api-token                            duffel_test_{a43}
dynatrace-api-token                         dt0c01.{a24}.{a64}
easypost-api-token                          EZAK{a54}
easypost-test-api-token                     EZTK{a54}
etsy-access-token                           etsy={a24}
facebook-access-token                       facebook {d16}|{a29}
facebook-page-access-token                  EAAC{a102}
facebook-secret                             facebook_key={h32}
fastly-api-token                            fastly_key={a32}
finicity-api-token                          finicity_key={h32}
finicity-client-secret                      finicity_key={a20}
finnhub-access-token                        finnhub_key={a20}
flickr-access-token                         flickr_key={a32}
flutterwave-encryption-key                  FLWSECK_TEST-{h12}
flutterwave-public-key                      FLWPUBK_TEST-{h32}-X
flutterwave-secret-key                      FLWSECK_TEST-{h32}-X
flyio-access-token                          fo1_{A43}
frameio-api-token                           fio-u-{a64}
freshbooks-access-token                     freshbooks_key={a64}
gcp-api-key                                 AIza{A35}
generic-api-key                             access_key={A24}
github-app-token                            ghs_{A36}
github-fine-grained-pat                     github_pat_{A82}
github-oauth                                gho_{A36}
github-pat                                  ghp_{A36}
github-refresh-token                        ghr_{A36}
gitlab-cicd-job-token                       glcbt-{A5}_{A20}
gitlab-deploy-token                         gldt-{A20}
gitlab-feature-flag-client-token            glffct-{A20}
gitlab-feed-token                           glft-{A20}
gitlab-incoming-mail-token                  glimt-{A25}
gitlab-kubernetes-agent-token               glagent-{A50}
gitlab-oauth-app-secret                     gloas-{A64}
gitlab-pat                                  glpat-{A20}
gitlab-pat-routable                         glpat-{A29}.{a2}{a7}
gitlab-ptt                                  glptt-{h40}
gitlab-rrt                                  GR1348941{A20}
gitlab-runner-authentication-token          glrt-{A20}
gitlab-runner-authentication-token-routable glrt-t{d1}_{A29}.{a2}{a7}
gitlab-scim-token                           glsoat-{A20}
gitlab-session-cookie                       _gitlab_session={a32}
gitter-access-token                         gitter_key={a40}
gocardless-api-token                        gocardless_key=live_{a40}
grafana-api-key                             eyJrIjoi{A72}
grafana-cloud-api-token                     glc_{A34}
grafana-service-account-token               glsa_{A32}_{h8}
harness-api-key                             pat.{A22}.{A24}.{A20}
hashicorp-tf-api-token                      {a14}.atlasv1.{a62}
heroku-api-key                              heroku_key={h8}-{h4}-{h4}-{h4}-{h12}
heroku-api-key-v2                           HRKU-AA{A58}
hubspot-api-key                             hubspot_key={H8}-{H4}-{H4}-{H4}-{H12}
huggingface-access-token                    hf_{L34}
huggingface-organization-api-token          api_org_{L34}
infracost-api-token                         ico-{A32}
intercom-api-key                            intercom_key={a60}
intra42-client-secret                       s-s4t2ud-{h64}
jfrog-api-key                               jfrog_key={a73}
jfrog-identity-token                        jfrog_key={a64}
jwt                                         eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{A43}
jwt-base64                                  ZXlKaGJHY2lPaU{A60}
kraken-access-token                         kraken_key={a82}
kubernetes-secret-yaml                      kind: Secret\ndata:\n  password: {a24}\n
kucoin-access-token                         kucoin_key={h24}
kucoin-secret-key                           kucoin_key={h8}-{h4}-{h4}-{h4}-{h12}
launchdarkly-access-token                   launchdarkly_key={a40}
linear-api-key                              lin_api_{a40}
linear-client-secret                        linear_key={h32}
linkedin-client-id                          linkedin_key={a14}
linkedin-client-secret                      linkedin_key={a16}
lob-api-key                                 lob_key=live_{h35}
lob-pub-api-key                             lob_key=test_pub_{h31}
looker-client-id                            looker_key={a20}
looker-client-secret                        looker_key={a24}
mailchimp-api-key                           mailchimp={h32}-us12
mailgun-private-api-token                   mailgun_key=key-{h32}
mailgun-pub-key                             mailgun_key=pubkey-{h32}
mailgun-signing-key                         mailgun_key={h32}-{h8}-{h8}
mapbox-api-token                            mapbox_key=pk.{a60}.{a22}
mattermost-access-token                     mattermost_key={a26}
maxmind-license-key                         {A6}_{A29}_mmk
messagebird-api-token                       messagebird_key={a25}
messagebird-client-id                       messagebird_key={h8}-{h4}-{h4}-{h4}-{h12}
microsoft-teams-webhook                     https://{a8}.webhook.office.com/webhookb2/{h8}-{h4}-{h4}-{h4}-{h12}@{h8}-{h4}-{h4}-{h4}-{h12}/IncomingWebhook/{h32}/{h8}-{h4}-{h4}-{h4}-{h12}
netlify-access-token                        netlify_key={a42}
new-relic-browser-api-token                 new-relic_key=NRJS-{h19}
new-relic-insert-key                        new-relic_key=NRII-{a32}
new-relic-user-api-id                       new-relic_key={a64}
new-relic-user-api-key                      new-relic_key=NRAK-{a27}
notion-api-token                            ntn_{d11}{A32}{A3}
npm-access-token                            npm_{a36}
nytimes-access-token                        nytimes_key={a32}
octopus-deploy-api-key                      API-{U26}
okta-access-token                           okta=00{A40}
openai-api-key                              sk-proj-{A74}T3BlbkFJ{A74}
openshift-user-token                        sha256~{A43}
perplexity-api-key                          pplx-{A48}
plaid-api-token                             plaid_key=access-sandbox-{h8}-{h4}-{h4}-{h4}-{h12}
plaid-client-id                             plaid_key={a24}
plaid-secret-key                            plaid_key={a30}
planetscale-api-token                       pscale_tkn_{A34}
planetscale-oauth-token                     pscale_oauth_{A34}
planetscale-password                        pscale_pw_{A34}
postman-api-token                           PMAK-{h24}-{h34}
prefect-api-token                           pnu_{A36}
private-key                                 -----BEGIN PRIVATE KEY-----\n{A64}\n{A64}\n-----END PRIVATE KEY-----
privateai-api-token                         privateai_key={a32}
pulumi-api-token                            pul-{h40}
pypi-upload-token                           pypi-AgEIcHlwaS5vcmc{A52}
rapidapi-access-token                       rapidapi_key={a50}
readme-api-token                            rdme_{a70}
rubygems-api-token                          rubygems_{h48}
scalingo-api-token                          tk-us-{A48}
sendbird-access-id                          sendbird_key={h8}-{h4}-{h4}-{h4}-{h12}
sendbird-access-token                       sendbird_key={h40}
sendgrid-api-token                          SG.{a66}
sendinblue-api-token                        xkeysib-{h64}-{a16}
sentry-access-token                         sentry_key={h64}
sentry-org-token                            sntrys_eyJpYXQiO{A12}LCJyZWdpb25fdXJs{A12}_{A43}
sentry-user-token                           sntryu_{h64}
settlemint-application-access-token         sm_aat_{A16}
settlemint-personal-access-token            sm_pat_{A16}
settlemint-service-access-token             sm_sat_{A16}
shippo-api-token                            shippo_live_{h40}
shopify-access-token                        shpat_{h32}
shopify-custom-access-token                 shpca_{h32}
shopify-private-app-access-token            shppa_{h32}
shopify-shared-secret                       shpss_{h32}
sidekiq-secret                              BUNDLE_ENTERPRISE__CONTRIBSYS__COM={h8}:{h8}
sidekiq-sensitive-url                       https://{h8}:{h8}@gems.contribsys.com/
slack-app-token                             xapp-{d1}-{U17}-{d17}-{a17}
slack-bot-token                             xoxb-{d12}-{d12}
slack-config-access-token                   xoxe.xoxb-{d1}-{U165}
slack-config-refresh-token                  xoxe-{d1}-{U146}
slack-legacy-bot-token                      xoxb-{d12}-{A20}
slack-legacy-token                          xoxs-{d10}-{d10}-{d10}-{h17}
slack-legacy-workspace-token                xoxa-{A24}
slack-user-token                            xoxp-{d12}-{d12}-{d12}-{A30}
slack-webhook-url                           https://hooks.slack.com/services/{A45}
snyk-api-token                              snyk_token={h8}-{h4}-{h4}-{h4}-{h12}
sonar-api-token                             sonar_token={a40}
sourcegraph-access-token                    sgp_{h16}_{h40}
square-access-token                         EAAA{A24}
squarespace-access-token                    squarespace_key={h8}-{h4}-{h4}-{h4}-{h12}
stripe-access-token                         sk_test_{A12}
sumologic-access-id                         sumo_key=su{A12}
sumologic-access-token                      sumo_key={a64}
telegram-bot-api-token                      telegram={d10}:A{a34}
travisci-access-token                       travis_key={a22}
twilio-api-key                              SK{h32}
twitch-api-token                            twitch_key={a30}
twitter-access-secret                       twitter_key={a45}
twitter-access-token                        twitter_key={d17}-{A22}
twitter-api-key                             twitter_key={a25}
twitter-api-secret                          twitter_key={a50}
twitter-bearer-token                        twitter=AAAAAAAAAAAAAAAAAAAAAA{A82}
typeform-api-token                          typeform_key=tfp_{a59}
vault-batch-token                           hvb.{A140}
vault-service-token                         hvs.{A92}
yandex-access-token                         yandex=t1.{A17}.{A86}
yandex-api-key                              yandex_key=AQVN{A37}
yandex-aws-access-token                     yandex_key=YC{A38}
zendesk-secret-key                          zendesk_key={a40}
"""


def secrets(seed: int) -> dict[str, str]:
    """Rule -> what it finds; a name before "=" stands in quotes, as settings have it."""
    draw = random.Random(seed)
    return {rule: re.sub(r"\{(\w)(\d+)\}", lambda found: _drawn(draw, _ALPHABETS[found[1]], int(found[2])), row).replace("\\n", "\n")
            for rule, row in (line.split(maxsplit=1) for line in _ROWS.strip().splitlines())}


def _drawn(draw: random.Random, alphabet: str, size: int) -> str:
    """With a digit in it, where there are some: without one it may be a word."""
    made = [draw.choice(alphabet) for _ in range(size)]
    if size > 8 and "9" in alphabet:
        made[size // 2] = draw.choice("2345679")
    return "".join(made)
